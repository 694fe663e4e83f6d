#pragma once

#include "Api/Http/Message.h"

#include <cstddef>
#include <memory>
#include <string_view>

namespace volcanion::api {

struct RequestLimits {
  std::size_t target_bytes;
  std::size_t header_bytes;   ///< request line and fields, with their line ends
  std::size_t header_fields;  ///< without the request line
  std::size_t body_bytes;     ///< after removing chunks
};

/// Reads one request after the other from the bytes of a connection: strictly, by RFC 9112, so that no two readers can
/// disagree about where a request ends. Knows nothing of sockets and time. Not thread-safe.
class RequestReader {
 public:
  enum class Step {
    kNeedMore,  ///< show the bytes that were not used again, with more behind them
    kHeaders,   ///< the headers have just become complete and a body follows
    kComplete,  ///< Take() gives the request
    kFailed,    ///< failure() tells why; the bytes that follow mean nothing any more
  };
  struct Failure {
    int status = 400;
    std::string_view detail;  ///< a literal
  };

  /// `limits` must outlive the reader.
  explicit RequestReader(const RequestLimits& limits);
  ~RequestReader();

  /// Reads on in `bytes`; `used` becomes the number of those that need not be shown again. Headers are used when they
  /// are complete, bodies as they come.
  Step Read(std::string_view bytes, std::size_t& used);
  /// The complete request.
  Request Take();
  /// Forgets the request, to read the next.
  void Reset();

  /// A byte of the request has been seen.
  bool begun() const;
  bool reading_body() const;
  const Failure& failure() const;
  /// Of the body that has come, without its framing.
  std::size_t body_bytes() const;
  /// Those that have been read.
  const Headers& headers() const;

  /// What is known of the request once its headers are complete; before, the cautious answer.
  bool keep_alive() const;
  bool http10() const;
  bool head() const;
  bool expects_continue() const;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace volcanion::api
