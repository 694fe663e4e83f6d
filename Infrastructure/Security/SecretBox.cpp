#include "Infrastructure/Security/SecretBox.h"

#include "Application/Base64.h"

#include <sodium.h>
#include <sys/stat.h>

#include <fstream>
#include <stdexcept>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using domain::Error;
using domain::ErrorKind;

constexpr std::string_view kMark = "sealed:1:";  // the number of this form

static_assert(sizeof(SecretBox::Key) == crypto_secretbox_KEYBYTES);

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Error Mistaken(const std::filesystem::path& file, const char* what) {
  return {ErrorKind::kInvalid, "VOLCANION_SIGNING_KEY_FILE: " + file.string() + " " + what};
}

}  // namespace

SecretBox::SecretBox(std::vector<Key> keys) : keys_(std::move(keys)) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium finds no source of random numbers on this system");
}

domain::Result<SecretBox> SecretBox::FromFile(const std::filesystem::path& file) {
  struct stat status {};
  std::ifstream stream(file);
  if (!stream || ::stat(file.c_str(), &status) != 0) return Mistaken(file, "cannot be read.");
  if ((status.st_mode & S_IRWXO) != 0) return Mistaken(file, "is open to everybody on this machine: chmod 600 it.");
  std::vector<Key> keys;
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    Key key;
    std::size_t size = 0;
    const char* end = nullptr;
    const bool is_hex = sodium_hex2bin(key.data(), key.size(), line.data(), line.size(), nullptr, &size, &end) == 0 &&
                        size == key.size() && end == line.data() + line.size();
    if (!is_hex) return Mistaken(file, "must hold keys of 64 hexadecimal digits, one a line.");
    keys.push_back(key);
  }
  if (keys.empty()) return Mistaken(file, "holds no key.");
  return SecretBox(std::move(keys));
}

std::string SecretBox::NewKey() {
  const SecretBox initialized{std::vector<Key>()};
  Key key;
  crypto_secretbox_keygen(key.data());
  std::array<char, 2 * sizeof key + 1> hex;
  return sodium_bin2hex(hex.data(), hex.size(), key.data(), key.size());
}

std::string SecretBox::Seal(std::string_view text) const {
  if (keys_.empty()) return std::string(text);
  std::string sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + text.size(), '\0');
  randombytes_buf(sealed.data(), crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(Bytes(sealed) + crypto_secretbox_NONCEBYTES, Bytes(text), text.size(), Bytes(sealed),
                        keys_.front().data());
  return std::string(kMark) + application::EncodeBase64Url(sealed);
}

bool SecretBox::IsSealed(std::string_view text) { return text.starts_with(kMark); }

std::optional<std::string> SecretBox::Open(std::string_view text) const {
  if (!IsSealed(text)) return std::string(text);
  const auto sealed = application::DecodeBase64(text.substr(kMark.size()));
  constexpr std::size_t kLeast = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (!sealed || sealed->size() < kLeast) return std::nullopt;
  const auto* nonce = Bytes(std::string_view(*sealed));
  for (const auto& key : keys_) {
    std::string opened(sealed->size() - kLeast, '\0');
    if (crypto_secretbox_open_easy(Bytes(opened), nonce + crypto_secretbox_NONCEBYTES,
                                   sealed->size() - crypto_secretbox_NONCEBYTES, nonce, key.data()) == 0) {
      return opened;
    }
  }
  return std::nullopt;
}

}  // namespace volcanion::infrastructure
