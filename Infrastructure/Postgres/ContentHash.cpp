#include "Infrastructure/Postgres/ContentHash.h"

#include <sodium.h>

#include <cstdint>
#include <optional>
#include <string>

namespace volcanion::infrastructure {
namespace {

class Hashing {
 public:
  explicit Hashing(std::size_t size) { crypto_generichash_init(&state_, nullptr, 0, size); }

  void AddText(std::string_view text) {  // behind its length, so that no two contents run into the same bytes
    const std::uint64_t size = text.size();
    Add(&size, sizeof size);
    Add(text.data(), text.size());
  }
  void AddOptional(std::optional<std::int64_t> value) {
    const char present = value ? 1 : 0;
    Add(&present, 1);
    if (value) Add(&*value, sizeof *value);
  }
  void AddOptionalText(const std::optional<std::string>& text) {
    const char present = text ? 1 : 0;
    Add(&present, 1);
    if (text) AddText(*text);
  }
  void Finish(unsigned char* bytes, std::size_t size) { crypto_generichash_final(&state_, bytes, size); }

 private:
  void Add(const void* data, std::size_t size) {
    crypto_generichash_update(&state_, static_cast<const unsigned char*>(data), size);
  }

  crypto_generichash_state state_;
};

}  // namespace

ContentHash::ContentHash(const domain::EventReport& report) {
  Hashing hashing(bytes_.size());
  hashing.AddText(report.event_name);
  hashing.AddOptional(report.event_timestamp ? std::optional(report.event_timestamp->time_since_epoch().count())
                                             : std::nullopt);
  hashing.AddOptionalText(report.user_id);
  hashing.AddOptionalText(report.anonymous_id);
  hashing.AddOptional(report.schema_version ? std::optional<std::int64_t>(*report.schema_version) : std::nullopt);
  hashing.AddText(report.properties());
  hashing.Finish(bytes_.data(), bytes_.size());
}

}  // namespace volcanion::infrastructure
