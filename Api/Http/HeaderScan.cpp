#include "Api/Http/HeaderScan.h"

namespace volcanion::api {

namespace {

constexpr std::size_t kMaxMethodAndVersion = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

HeaderScan::Result HeaderScan::Scan(std::string_view bytes) {
  for (;;) {
    const auto feed = bytes.find('\n', searched_);
    if (feed == std::string_view::npos) break;
    if (feed == line_ || bytes[feed - 1] != '\r') return Result::kBadLine;
    const auto line = bytes.substr(line_, feed - 1 - line_);
    searched_ = feed + 1;
    if (line.find('\r') != std::string_view::npos) return Result::kBadLine;
    if (line.empty()) {
      if (line_ > begin_) {
        end_ = feed + 1;
        return end_ - begin_ > max_header_ ? Result::kHeadersTooLarge : Result::kComplete;
      }
      if (begin_ > 0) return Result::kBadLine;
      begin_ = feed + 1;  // one empty line before a request is forgiven, as RFC 9112, 2.2 asks
    } else if (line_ == begin_) {
      if (const auto result = CheckRequestLine(line); result != Result::kComplete) return result;
    } else if (line.front() == ' ' || line.front() == '\t') {
      return Result::kBadLine;
    }
    line_ = feed + 1;
    if (line_ - begin_ > max_header_) return Result::kHeadersTooLarge;
  }

  const auto part = bytes.substr(line_);
  const auto from = searched_ > line_ ? searched_ - line_ - 1 : 0;  // the last byte seen may have been a CR
  const auto carriage_return = part.find('\r', from);
  if (carriage_return != std::string_view::npos && carriage_return + 1 < part.size()) return Result::kBadLine;
  searched_ = bytes.size();
  if (line_ == begin_ && part.size() > max_target_ + kMaxMethodAndVersion)
    return part.substr(0, kMaxMethodAndVersion).find(' ') == std::string_view::npos ? Result::kBadLine
                                                                                    : Result::kTargetTooLong;
  if (bytes.size() - begin_ >= max_header_) return Result::kHeadersTooLarge;
  return Result::kIncomplete;
}

HeaderScan::Result HeaderScan::CheckRequestLine(std::string_view line) const {
  const auto target = line.find(' ');
  const auto target_end = line.rfind(' ');
  if (target == std::string_view::npos || target_end == target) return Result::kBadLine;
  if (target_end - target - 1 > max_target_) return Result::kTargetTooLong;
  const auto version = line.substr(target_end + 1);
  if (version.size() == 8 && version.starts_with("HTTP/") && IsDigit(version[5]) && version[6] == '.' &&
      IsDigit(version[7]) && version[5] != '1')
    return Result::kUnknownVersion;
  return Result::kComplete;
}

}  // namespace volcanion::api
