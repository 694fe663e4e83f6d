#pragma once

#include "Api/Http/Message.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::api {

enum class GunzipOutcome {
  kDone,
  kCorrupt,   ///< not gzip, damaged, cut short, or followed by something else
  kTooLarge,  ///< unpacks to more than the limit
};

/// Unpacks the gzip members in `packed` (RFC 1952; one or several) to `plain`. Never holds more than `max_bytes` and a
/// byte of output, however much the input would unpack to.
[[nodiscard]] GunzipOutcome Gunzip(std::string_view packed, std::size_t max_bytes, std::string& plain);

struct UnpackFailure {
  int status;
  std::string_view detail;  ///< a literal
};
/// Unpacks the body of a request where it is packed: nothing, or the error to answer with. Left to those who know the
/// client, as it takes much time for few bytes.
[[nodiscard]] std::optional<UnpackFailure> Unpack(Request& request, std::size_t max_bytes);

/// Packs to one gzip member.
[[nodiscard]] std::string GzipPack(std::string_view plain);

/// Packs a text that comes in pieces to one gzip member. Holds some 270 kB. Not thread-safe.
class GzipPacker {
 public:
  GzipPacker();
  ~GzipPacker();
  GzipPacker(const GzipPacker&) = delete;
  GzipPacker& operator=(const GzipPacker&) = delete;

  /// The next piece, packed so that whoever has all pieces up to this one can unpack all of its text.
  [[nodiscard]] std::string Pack(std::string_view piece, bool is_last);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

/// A text that is packed once, for answers that begin with it and differ in what follows. Immutable.
class PackedBeginning {
 public:
  static constexpr std::size_t kMaxEnd = 65'535;

  explicit PackedBeginning(std::string_view beginning);

  /// One gzip member of the beginning and `end`, of kMaxEnd bytes at most, which is not made smaller.
  [[nodiscard]] std::string With(std::string_view end) const;
  std::size_t bytes() const { return packed_.size(); }

 private:
  std::string packed_;
  std::uint32_t check_sum_;
  std::size_t plain_bytes_;
};

}  // namespace volcanion::api
