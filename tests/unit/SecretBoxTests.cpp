#include "Infrastructure/Security/SecretBox.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace volcanion::infrastructure;

namespace {

constexpr char kSecret[] = R"({"kty":"RSA","d":"a private exponent"})";

/// A file of keys, gone with the object.
class KeyFile {
 public:
  explicit KeyFile(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_) << text;
    REQUIRE(::chmod(path_.c_str(), mode) == 0);
  }
  ~KeyFile() { std::filesystem::remove(path_); }
  volcanion::domain::Result<SecretBox> Read() const { return SecretBox::FromFile(path_); }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("volcanion-keys-" + std::to_string(::getpid()));
};

}  // namespace

TEST_SUITE("sealed secrets") {
  TEST_CASE("what is sealed is opened by its key alone, and not when a bit of it is another") {
    const auto key = SecretBox::NewKey();
    const auto box = KeyFile("# ours\n\n" + key + "\n").Read().value();
    const auto sealed = box.Seal(kSecret);
    CHECK(SecretBox::IsSealed(sealed));
    CHECK(sealed.find("RSA") == std::string::npos);
    CHECK(box.Open(sealed) == kSecret);
    CHECK(box.Seal(kSecret) != sealed);
    CHECK_FALSE(KeyFile(SecretBox::NewKey()).Read()->Open(sealed));
    CHECK_FALSE(SecretBox().Open(sealed));
    for (std::size_t i = 9; i + 1 < sealed.size(); i += 3) {
      auto changed = sealed;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      CAPTURE(i);
      CHECK_FALSE(box.Open(changed));
    }
    for (std::size_t size = 9; size < sealed.size(); size += 5) CHECK_FALSE(box.Open(sealed.substr(0, size)));
  }

  TEST_CASE("the first key seals, and all of them open") {
    const auto old_key = SecretBox::NewKey(), new_key = SecretBox::NewKey();
    const auto before = KeyFile(old_key).Read().value();
    const auto both = KeyFile(new_key + "\n" + old_key).Read().value();
    const auto after = KeyFile(new_key).Read().value();
    CHECK(both.Open(before.Seal(kSecret)) == kSecret);
    CHECK(after.Open(both.Seal(kSecret)) == kSecret);
    CHECK_FALSE(before.Open(both.Seal(kSecret)));
  }

  TEST_CASE("without a key a text stays as it is") {
    CHECK_FALSE(SecretBox().has_key());
    CHECK(SecretBox().Seal(kSecret) == kSecret);
    CHECK(SecretBox().Open(kSecret) == kSecret);
  }

  TEST_CASE("a file that everybody may read, or that holds anything but keys, is refused without showing it") {
    const auto key = SecretBox::NewKey();
    CHECK_FALSE(KeyFile(key, 0644).Read().ok());
    CHECK(KeyFile(key, 0640).Read().ok());
    for (const auto& text : {std::string(), std::string("# nothing\n"), key + "0", key.substr(2), key + " " + key,
                             std::string("secret words"), key + "\nmore\n"}) {
      const auto read = KeyFile(text).Read();
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().message.find(key.substr(2, 20)) == std::string::npos);
      CHECK(read.error().message.find("secret words") == std::string::npos);
    }
    CHECK_FALSE(SecretBox::FromFile("/no/such/file").ok());
  }
}
