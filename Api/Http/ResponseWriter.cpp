#include "Api/Http/ResponseWriter.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace volcanion::api {

namespace {

// RFC 9110, 5.6.2
bool IsToken(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool BelongsToServer(std::string_view name) {
  return IsSameHeader(name, "content-length") || IsSameHeader(name, "date") || IsSameHeader(name, "connection") ||
         IsSameHeader(name, "keep-alive") || IsSameHeader(name, "transfer-encoding");
}

bool StatusHasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

// A handler's final answer is never 1xx; what is no status at all is the server's fault.
int FinalStatus(int status) { return status >= 200 && status <= 999 ? status : 500; }

void AppendNumber(std::size_t number, std::string& out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void AppendValue(std::string_view value, std::string& out) {
  const auto start = out.size();
  out += value;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
      [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
}

}  // namespace

void ResponseWriter::AppendHead(const Response& response, const AnswerFraming& framing, std::string& out) {
  RefreshDate();
  const int status = FinalStatus(response.status);
  out += "HTTP/1.1 ";
  AppendNumber(static_cast<std::size_t>(status), out);
  out += ' ';
  out += ReasonPhrase(status);
  out += "\r\n";
  out.append(date_.data(), date_length_);
  for (const auto& [name, value] : response.headers.fields()) {
    if (BelongsToServer(name) || !IsToken(name)) continue;
    out += name;
    out += ": ";
    AppendValue(value, out);
    out += "\r\n";
  }
  if (response.rest) {
    if (!framing.http10 && !StatusHasNoBody(status)) out += "Transfer-Encoding: chunked\r\n";
  } else if (!StatusHasNoBody(status)) {
    out += "Content-Length: ";
    AppendNumber(response.body.size(), out);
    out += "\r\n";
  }
  if (!framing.keep_alive)
    out += "Connection: close\r\n";
  else if (framing.http10)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

bool ResponseWriter::SendsBody(const Response& response, const AnswerFraming& framing) {
  return !framing.head && (!response.body.empty() || response.rest) && !StatusHasNoBody(FinalStatus(response.status));
}

void ResponseWriter::FrameChunk(std::string& head, std::string& bytes, bool is_last) {
  if (!bytes.empty()) {  // a chunk without bytes would be the last one
    std::array<char, 24> digits;
    head.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16).ptr);
    head += "\r\n";
    bytes += "\r\n";
  }
  if (is_last) bytes += "0\r\n\r\n";
}

void ResponseWriter::RefreshDate() {
  const std::time_t now = std::time(nullptr);
  if (now == date_second_) return;
  // Spelled out, because strftime's names follow the locale and those of RFC 9110, 5.6.7 do not.
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  const int length =
      std::snprintf(date_.data(), date_.size(), "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", kDays[utc.tm_wday],
                    utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  date_length_ = static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(date_.size()) - 1));
  date_second_ = now;
}

bool AsksToClose(const Response& response) {
  const auto connection = response.headers.Find("Connection");
  return connection && IsSameHeader(*connection, "close");
}

}  // namespace volcanion::api
