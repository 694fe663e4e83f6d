#pragma once

#include "Api/Http/Message.h"

#include <array>
#include <cstddef>
#include <ctime>
#include <string>

namespace volcanion::api {

/// How an answer is framed for the request and the connection it belongs to.
struct AnswerFraming {
  bool http10 = false;     ///< the client speaks HTTP/1.0: keep-alive must be said
  bool keep_alive = true;  ///< false: `Connection: close`
  bool head = false;       ///< the request was HEAD: the head of the answer only
};

/// Turns responses into the bytes of their heads. One per worker; not thread-safe (it keeps the Date of the second).
class ResponseWriter {
 public:
  /// Appends status line and headers, up to and with the empty line. Framing, Date and Connection are the
  /// server's: such fields of the response are left out, as is a field whose name is not a token. Line breaks within
  /// values become spaces, so that no value can make a header of its own.
  void AppendHead(const Response& response, const AnswerFraming& framing, std::string& out);

  /// Whether a body follows the head of the response (RFC 9110, 6.4.1).
  static bool SendsBody(const Response& response, const AnswerFraming& framing);

  /// Frames a piece of a body whose length nobody knows yet as a chunk (RFC 9112, 7.1): its size to `head`, and what
  /// follows it, the last chunk included where it is the last piece, behind `bytes`.
  static void FrameChunk(std::string& head, std::string& bytes, bool is_last);

 private:
  void RefreshDate();

  std::time_t date_second_ = -1;
  std::array<char, 64> date_{};
  std::size_t date_length_ = 0;
};

/// Whether the handler asked for the connection to be closed, with `Connection: close`.
bool AsksToClose(const Response& response);

}  // namespace volcanion::api
