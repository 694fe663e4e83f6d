#include "Api/Http/ChunkedBody.h"

#include "Api/Http/Message.h"

#include <algorithm>
#include <charconv>

namespace volcanion::api {

namespace {

constexpr std::size_t kMaxTrailers = 100;
constexpr std::size_t kFreeOfLine = 16;  // a size of 64 bits: does not count against the limit of the framing

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// RFC 9110, 5.6.2
bool IsTokenCharacter(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

// What may be in a field value or in quotes: visible characters, bytes above ASCII, space and tab.
bool IsText(char c) {
  const auto code = static_cast<unsigned char>(c);
  return code == '\t' || (code >= 0x20 && code != 0x7f);
}

void SkipWhiteSpace(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

bool TakeToken(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, IsTokenCharacter);
  const auto length = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(length);
  return length > 0;
}

bool TakeQuoted(std::string_view& text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\') ++i;
  }
  return false;
}

// chunk-ext = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
bool AreExtensions(std::string_view text) {
  while (!text.empty()) {
    SkipWhiteSpace(text);
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    SkipWhiteSpace(text);
    if (!TakeToken(text)) return false;
    auto behind = text;
    SkipWhiteSpace(behind);
    if (!behind.starts_with('=')) continue;
    text = behind.substr(1);
    SkipWhiteSpace(text);
    if (!(text.starts_with('"') ? TakeQuoted(text) : TakeToken(text))) return false;
  }
  return true;
}

}  // namespace

ChunkedBody::Result ChunkedBody::Read(std::string_view bytes, std::size_t& used, std::string& body) {
  used = 0;
  while (used < bytes.size()) {
    if (part_ == Part::kData) {
      const auto data = bytes.substr(used, data_left_);
      body += data;
      used += data.size();
      data_left_ -= data.size();
      if (data_left_ == 0) part_ = Part::kDataEnd;
    } else if (const auto result = ReadFraming(bytes[used++]); result != Result::kNeedMore) {
      return result;
    }
  }
  return Result::kNeedMore;
}

ChunkedBody::Result ChunkedBody::ReadFraming(char c) {
  if (c == '\n') {
    if (!carriage_return_) return Result::kMalformed;
    carriage_return_ = false;
    if (part_ == Part::kSizeLine) return EndSizeLine();
    if (part_ == Part::kTrailerLine) return EndTrailerLine();
    part_ = Part::kSizeLine;
    return Result::kNeedMore;
  }
  if (carriage_return_) return Result::kMalformed;
  if (c == '\r') {
    carriage_return_ = true;
    return Result::kNeedMore;
  }
  const bool trailer = part_ == Part::kTrailerLine;
  if (part_ == Part::kDataEnd || !IsText(c)) return Result::kMalformed;
  if (line_.empty() && !(trailer ? IsTokenCharacter(c) : IsHexDigit(c))) return Result::kMalformed;
  if ((trailer || line_.size() >= kFreeOfLine) && ++framing_ > max_framing_)
    return trailer ? Result::kTrailersTooLarge : Result::kMalformed;
  line_ += c;
  return Result::kNeedMore;
}

ChunkedBody::Result ChunkedBody::EndSizeLine() {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), size, 16);
  const auto digits = static_cast<std::size_t>(end - line_.data());
  if (error != std::errc() || !AreExtensions(std::string_view(line_).substr(digits))) return Result::kMalformed;
  line_.clear();
  if (size > body_left_) return Result::kBodyTooLarge;
  data_left_ = static_cast<std::size_t>(size);
  body_left_ -= data_left_;
  part_ = size > 0 ? Part::kData : Part::kTrailerLine;
  if (size == 0) framing_ = 0;
  return Result::kNeedMore;
}

// Nothing that is sent behind a body may change what it was, so trailers are not handed on; those that would say where
// it ends are refused.
ChunkedBody::Result ChunkedBody::EndTrailerLine() {
  if (line_.empty()) return Result::kComplete;
  std::string_view rest = line_;
  TakeToken(rest);
  if (!rest.starts_with(':')) return Result::kMalformed;
  const auto name = std::string_view(line_).substr(0, line_.size() - rest.size());
  if (IsSameHeader(name, "Content-Length") || IsSameHeader(name, "Transfer-Encoding")) return Result::kMalformed;
  if (++trailers_ > kMaxTrailers) return Result::kTrailersTooLarge;
  line_.clear();
  return Result::kNeedMore;
}

}  // namespace volcanion::api
