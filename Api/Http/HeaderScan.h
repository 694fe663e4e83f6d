#pragma once

#include <cstddef>
#include <string_view>

namespace volcanion::api {

/// Finds the end of a request's headers in bytes that arrive bit by bit, and refuses lines on which readers of HTTP are
/// known to disagree: a line feed or a carriage return alone, a line that continues the one before (RFC
/// 9112, 2.2, 5.2). Looks at each byte once.
class HeaderScan {
 public:
  enum class Result { kIncomplete, kComplete, kBadLine, kTargetTooLong, kHeadersTooLarge, kUnknownVersion };

  HeaderScan(std::size_t max_target, std::size_t max_header) : max_target_(max_target), max_header_(max_header) {}

  /// `bytes` are all that have come since the request began.
  Result Scan(std::string_view bytes);

  /// When complete: the first byte of the request line, and the one after the empty line that ends the headers.
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return end_; }
  /// Where the digit of a minor version later than HTTP/1.1 is: such a request is read as HTTP/1.1 (RFC 9110, 2.5).
  /// 0 when there is none.
  std::size_t later_minor() const { return later_minor_; }

 private:
  Result CheckRequestLine(std::string_view line);

  std::size_t max_target_;
  std::size_t max_header_;
  std::size_t begin_ = 0;     // behind the empty line that may come before a request
  std::size_t line_ = 0;      // where the current line begins
  std::size_t searched_ = 0;  // no line feed before
  std::size_t end_ = 0;
  std::size_t later_minor_ = 0;
};

}  // namespace volcanion::api
