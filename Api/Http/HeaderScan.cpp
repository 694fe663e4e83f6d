#include "Api/Http/HeaderScan.h"

#include <algorithm>

namespace volcanion::api {

namespace {

constexpr std::size_t kMaxMethodAndVersion = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

// What is wrong within the limits is found before the limits are, in the order of the bytes: so the verdict is the same
// however they were cut.
HeaderScan::Result HeaderScan::Scan(std::string_view bytes) {
  for (;;) {
    const bool in_request_line = line_ == begin_;
    const auto longest_line = max_target_ + kMaxMethodAndVersion;
    const auto seen =
        bytes.substr(0, begin_ + (in_request_line ? std::min(longest_line + 1, max_header_) : max_header_));
    const auto feed = seen.find('\n', searched_);
    if (feed == std::string_view::npos) {
      const auto part = seen.substr(line_);
      const auto from = searched_ > line_ ? searched_ - line_ - 1 : 0;  // the last byte seen may have been a CR
      const auto carriage_return = part.find('\r', from);
      if (carriage_return != std::string_view::npos && carriage_return + 1 < part.size()) return Result::kBadLine;
      if (in_request_line && part.size() > longest_line)
        return part.substr(0, kMaxMethodAndVersion).find(' ') == std::string_view::npos ? Result::kBadLine
                                                                                        : Result::kTargetTooLong;
      if (bytes.size() - begin_ >= max_header_) return Result::kHeadersTooLarge;
      searched_ = bytes.size();
      return Result::kIncomplete;
    }

    if (feed == line_ || bytes[feed - 1] != '\r') return Result::kBadLine;
    const auto line = bytes.substr(line_, feed - 1 - line_);
    searched_ = feed + 1;
    if (line.find('\r') != std::string_view::npos) return Result::kBadLine;
    if (line.empty()) {
      if (!in_request_line) {
        end_ = feed + 1;
        return Result::kComplete;
      }
      if (begin_ > 0) return Result::kBadLine;
      begin_ = feed + 1;  // one empty line before a request is forgiven, as RFC 9112, 2.2 asks
    } else if (in_request_line) {
      if (const auto result = CheckRequestLine(line); result != Result::kComplete) return result;
    } else if (line.front() == ' ' || line.front() == '\t') {
      return Result::kBadLine;
    }
    line_ = feed + 1;
  }
}

HeaderScan::Result HeaderScan::CheckRequestLine(std::string_view line) {
  const auto target = line.find(' ');
  const auto target_end = line.rfind(' ');
  if (target == std::string_view::npos || target_end == target) return Result::kBadLine;
  if (target_end - target - 1 > max_target_) return Result::kTargetTooLong;
  const auto version = line.substr(target_end + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || !IsDigit(version[5]) || version[6] != '.' ||
      !IsDigit(version[7]))
    return Result::kBadLine;
  if (version[5] != '1') return Result::kUnknownVersion;
  if (version[7] > '1') later_minor_ = begin_ + line.size() - 1;
  return Result::kComplete;
}

}  // namespace volcanion::api
