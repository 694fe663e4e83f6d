#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace volcanion::api {

/// Takes the framing off a chunked body (RFC 9112, 7.1) whose bytes arrive bit by bit. Each byte is looked at once, and
/// the verdict comes with the byte that decides it, so how the bytes were cut makes no difference. Strict: lines end
/// with CRLF and hold no control bytes, in quotes neither; extensions keep to their grammar; no trailer continues the
/// one before. Extensions and trailers are dropped. Not thread-safe.
class ChunkedBody {
 public:
  enum class Result {
    kNeedMore,
    kComplete,
    kMalformed,
    kBodyTooLarge,      ///< said by the size of a chunk, before its data
    kTrailersTooLarge,  ///< in bytes or in number
  };

  /// `max_body` bytes of data; `max_framing` bytes of extensions in all chunks, and again of trailers.
  ChunkedBody(std::size_t max_body, std::size_t max_framing) : body_left_(max_body), max_framing_(max_framing) {}

  /// Appends the data in `bytes` to `body`. `used` becomes the number of bytes that were read: all, unless the body is
  /// complete or refused before.
  Result Read(std::string_view bytes, std::size_t& used, std::string& body);

 private:
  enum class Part { kSizeLine, kData, kDataEnd, kTrailerLine };

  Result ReadFraming(char c);
  Result EndSizeLine();
  Result EndTrailerLine();

  std::size_t body_left_;
  std::size_t max_framing_;
  Part part_ = Part::kSizeLine;
  std::string line_;  // what has come of a line, without its end
  bool carriage_return_ = false;
  std::size_t data_left_ = 0;  // of this chunk
  std::size_t framing_ = 0;    // bytes that count against max_framing_
  std::size_t trailers_ = 0;
};

}  // namespace volcanion::api
