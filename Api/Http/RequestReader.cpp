#include "Api/Http/RequestReader.h"

#include "Api/Http/ChunkedBody.h"
#include "Api/Http/HeaderScan.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of a boost::optional, when sanitizers change what is inlined
#include <boost/beast/http/basic_parser.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace volcanion::api {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t kFirstBodyBytes = 64 * 1024;  // what a Content-Length may reserve before its bytes are there

using BeastError = boost::beast::error_code;
using BeastView = boost::beast::string_view;
using Failure = RequestReader::Failure;

std::string_view Plain(BeastView text) { return {text.data(), text.size()}; }

bool SameWord(BeastView text, const char* lower) { return boost::beast::iequals(text, lower); }
bool SameWord(std::string_view text, const char* lower) { return SameWord(BeastView(text.data(), text.size()), lower); }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool OnlyDigits(BeastView text) { return !text.empty() && std::ranges::all_of(text, IsDigit); }

// uri-host [ ":" port ] of RFC 3986, 3.2.2, but for the comma: with one, a host is two to some. Whether it is ours is
// the routes' business.
bool IsHost(std::string_view text) {
  constexpr std::string_view kMarks = "-._~!$&'()*+;=";
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    const auto address = text.substr(1, end - 1);
    if (!std::ranges::all_of(address, [](char c) { return IsHexDigit(c) || c == ':' || c == '.'; })) return false;
    port = text.substr(end + 1);
  } else {
    const auto end = std::min(text.find(':'), text.size());
    for (std::size_t i = 0; i < end; ++i) {
      const char c = text[i];
      const bool escape = c == '%' && i + 2 < end && IsHexDigit(text[i + 1]) && IsHexDigit(text[i + 2]);
      if (!escape && !IsLetter(c) && !IsDigit(c) && kMarks.find(c) == std::string_view::npos) return false;
    }
    port = text.substr(end);
  }
  return port.empty() || (port.front() == ':' && std::ranges::all_of(port.substr(1), IsDigit));
}

// Calls `each` with every element of a comma-separated list (RFC 9110, 5.6.1), also with the empty ones.
template <typename Each>
void ForEachElement(std::string_view list, Each each) {
  for (;;) {
    const auto comma = std::min(list.find(','), list.size());
    auto element = list.substr(0, comma);
    element.remove_prefix(std::min(element.find_first_not_of(" \t"), element.size()));
    element.remove_suffix(element.size() - (element.find_last_not_of(" \t") + 1));
    each(element);
    if (comma == list.size()) return;
    list.remove_prefix(comma + 1);
  }
}

// What Beast refused; the parser's own refusals are noted where they are found.
Failure FailureOf(const BeastError& error) {
  if (error == http::error::body_limit) return {413, "The body is larger than this server accepts."};
  if (error == http::error::header_limit) return {431, "The headers are larger than this server accepts."};
  if (error == http::error::bad_content_length) return {400, "Content-Length is not one plain number."};
  if (error == http::error::bad_transfer_encoding) return {400, "Transfer-Encoding cannot be combined like this."};
  if (error == http::error::bad_method) return {400, "The request line does not begin with a method."};
  if (error == http::error::bad_target) return {400, "The request target is malformed."};
  return {400, "The request is malformed."};
}

}  // namespace

// Beast's parser sees the headers only when they are whole and their lines are sound, and makes a Request of them
// without a message of its own in between. It is set up anew for each request. Chunked bodies it does not see: its
// version 1.74 lets line feeds through in quoted extensions, and what it waits for depends on how the bytes are cut.
class RequestReader::Parser {
 public:
  explicit Parser(const RequestLimits& request_limits) : limits(request_limits) { Reset(); }

  void Reset() {
    events.emplace(*this);
    events->eager(true);
    events->header_limit(static_cast<std::uint32_t>(limits.header_bytes + 1));
    events->body_limit(limits.body_bytes);
    scan = HeaderScan(limits.target_bytes, limits.header_bytes);
    request = Request();
    failure = Failure{0, {}};
    begun = headers_done = http11 = head = expects_continue = has_host = has_length = false;
    asks_to_close = asks_to_stay = false;
    codings.reset();
    chunks.reset();
    fields = 0;
  }

  bool Fail(int status, std::string_view detail) {
    if (failure.status == 0) failure = {status, detail};
    return false;
  }

  void OnRequestLine(BeastView method, BeastView target, int version);
  bool OnField(http::field field, BeastView name, BeastView value);
  bool OnHeadersDone();
  bool SplitTarget(std::string_view target);
  bool JudgeCodings();
  Step ReadChunks(std::string_view bytes, std::size_t& used);

  struct Events final : http::basic_parser<true> {
    explicit Events(Parser& parser) : to(parser) {}

    // Whatever the hook disliked is in `failure`; Beast only has to stop.
    static void StopUnless(bool good, BeastError& error) {
      if (!good) error = http::error::bad_value;
    }

    void on_request_impl(http::verb, BeastView method, BeastView target, int version, BeastError& error) override {
      to.OnRequestLine(method, target, version);
      StopUnless(to.failure.status == 0, error);
    }
    void on_response_impl(int, BeastView, int, BeastError&) override {}
    void on_field_impl(http::field field, BeastView name, BeastView value, BeastError& error) override {
      StopUnless(to.OnField(field, name, value), error);
    }
    void on_header_impl(BeastError& error) override { StopUnless(to.OnHeadersDone(), error); }
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, BeastError&) override {
      if (length) to.request.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kFirstBodyBytes)));
    }
    std::size_t on_body_impl(BeastView bytes, BeastError&) override {
      to.request.body.append(bytes.data(), bytes.size());
      return bytes.size();
    }
    void on_chunk_header_impl(std::uint64_t, BeastView, BeastError&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, BeastError&) override { return bytes.size(); }
    void on_finish_impl(BeastError&) override {}

    Parser& to;
  };

  const RequestLimits& limits;
  std::optional<Events> events;
  HeaderScan scan{0, 0};
  Request request;
  Failure failure;
  bool begun = false;
  bool headers_done = false;
  bool http11 = false;
  bool head = false;
  bool expects_continue = false;
  bool has_host = false;
  bool has_length = false;
  bool asks_to_close = false;          // Connection: close
  bool asks_to_stay = false;           // Connection: keep-alive
  std::optional<std::string> codings;  // all Transfer-Encoding fields as one list
  std::optional<ChunkedBody> chunks;   // when the body is chunked
  std::size_t fields = 0;
};

void RequestReader::Parser::OnRequestLine(BeastView method, BeastView target, int version) {
  http11 = version == 11;
  request.method.assign(method.data(), method.size());
  head = request.method == "HEAD";
  request.headers.Reserve(12);
  SplitTarget(Plain(target));
}

bool RequestReader::Parser::SplitTarget(std::string_view target) {
  if (target.size() > limits.target_bytes) return Fail(414, "The request target is longer than this server accepts.");
  if (request.method == "CONNECT") return Fail(400, "This server is not a proxy.");
  // The absolute form, which a server must take (RFC 9112, 3.2.2): scheme and authority are dropped. Not of https: this
  // connection is not secured (RFC 9110, 7.4).
  if (!target.starts_with('/')) {
    const auto scheme_end = target.find("://");
    if (scheme_end != std::string_view::npos && SameWord(target.substr(0, scheme_end), "http")) {
      target.remove_prefix(scheme_end + 3);
      const auto host = target.substr(0, target.find_first_of("/?#"));
      if (host.empty() || host.starts_with(':') || !IsHost(host)) return Fail(400, "The request target is malformed.");
      target.remove_prefix(host.size());
      if (!target.starts_with('/')) request.path = "/";
    } else if (!(target == "*" && request.method == "OPTIONS")) {
      return Fail(400, "The request target is malformed.");
    }
  }
  if (target.find('#') != std::string_view::npos) return Fail(400, "The request target is malformed.");
  const auto question = target.find('?');
  request.path += target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  return true;
}

bool RequestReader::Parser::OnField(http::field field, BeastView name, BeastView value) {
  if (++fields > limits.header_fields) return Fail(431, "The request has more header fields than this server accepts.");
  switch (field) {
    case http::field::host:
      if (std::exchange(has_host, true)) return Fail(400, "There is more than one Host.");
      if (!IsHost(Plain(value))) return Fail(400, "Host is malformed.");
      break;
    case http::field::connection:
      ForEachElement(Plain(value), [this](std::string_view option) {
        asks_to_close = asks_to_close || SameWord(option, "close");
        asks_to_stay = asks_to_stay || SameWord(option, "keep-alive");
      });
      break;
    case http::field::content_length:
      if (std::exchange(has_length, true) || !OnlyDigits(value))
        return Fail(400, "Content-Length is not one plain number.");
      break;
    case http::field::transfer_encoding:
      if (!http11) return Fail(400, "HTTP/1.0 has no Transfer-Encoding.");
      codings = (codings ? *codings + "," : std::string()).append(value.data(), value.size());
      break;
    case http::field::content_encoding:
      if (SameWord(value, "identity")) return true;
      if (request.is_packed || !(SameWord(value, "gzip") || SameWord(value, "x-gzip")))
        return Fail(415, "The only Content-Encoding this server accepts is gzip.");
      request.is_packed = true;
      return true;
    case http::field::expect:
      if (!http11) break;
      ForEachElement(Plain(value), [this](std::string_view expectation) {
        if (SameWord(expectation, "100-continue"))
          expects_continue = true;
        else if (!expectation.empty())
          Fail(417, "The only expectation this server can meet is 100-continue.");
      });
      if (failure.status != 0) return false;
      break;
    default:
      break;
  }
  request.headers.Add(std::string(Plain(name)), std::string(Plain(value)));
  return true;
}

bool RequestReader::Parser::OnHeadersDone() {
  headers_done = true;
  if (http11 && !has_host) return Fail(400, "Host is missing.");
  return !codings || JudgeCodings();
}

// RFC 9112, 6.3: when chunked is not the last coding, nobody can tell where the body ends.
bool RequestReader::Parser::JudgeCodings() {
  std::size_t all = 0;
  std::size_t chunked = 0;
  bool chunked_last = false;
  bool empty = false;
  ForEachElement(*codings, [&](std::string_view coding) {
    ++all;
    chunked_last = SameWord(coding, "chunked");
    chunked += chunked_last ? 1 : 0;
    empty = empty || coding.empty();
  });
  if (!chunked_last || chunked > 1 || empty) return Fail(400, "Transfer-Encoding does not end with one chunked.");
  if (all > 1) return Fail(501, "The only Transfer-Encoding this server knows is chunked.");
  chunks.emplace(limits.body_bytes, limits.header_bytes);
  return true;
}

RequestReader::Step RequestReader::Parser::ReadChunks(std::string_view bytes, std::size_t& used) {
  switch (chunks->Read(bytes, used, request.body)) {
    case ChunkedBody::Result::kNeedMore:
      return Step::kNeedMore;
    case ChunkedBody::Result::kComplete:
      return Step::kComplete;
    case ChunkedBody::Result::kMalformed:
      Fail(400, "The chunked body is malformed.");
      break;
    case ChunkedBody::Result::kBodyTooLarge:
      Fail(413, "The body is larger than this server accepts.");
      break;
    case ChunkedBody::Result::kTrailersTooLarge:
      Fail(431, "The trailers are larger than this server accepts.");
      break;
  }
  return Step::kFailed;
}

RequestReader::RequestReader(const RequestLimits& limits) : parser_(std::make_unique<Parser>(limits)) {}

RequestReader::~RequestReader() = default;

RequestReader::Step RequestReader::Read(std::string_view bytes, std::size_t& used) {
  Parser& p = *parser_;
  used = 0;
  if (p.failure.status != 0) return Step::kFailed;
  const bool headers_were_done = p.headers_done;
  std::size_t show = bytes.size();
  if (!headers_were_done) {
    if (!bytes.empty()) p.begun = true;
    p.head = bytes.substr(std::min(p.scan.begin(), bytes.size())).starts_with("HEAD ");  // nor has its error a body
    switch (p.scan.Scan(bytes)) {
      case HeaderScan::Result::kIncomplete:
        return Step::kNeedMore;
      case HeaderScan::Result::kComplete:
        break;
      case HeaderScan::Result::kBadLine:
        p.Fail(400, "The request line, or another line of the headers, is malformed.");
        break;
      case HeaderScan::Result::kTargetTooLong:
        p.Fail(414, "The request target is longer than this server accepts.");
        break;
      case HeaderScan::Result::kHeadersTooLarge:
        p.Fail(431, "The headers are larger than this server accepts.");
        break;
      case HeaderScan::Result::kUnknownVersion:
        p.Fail(505, "This server speaks HTTP/1.1 and HTTP/1.0.");
        break;
    }
    if (p.failure.status != 0) return Step::kFailed;
    used = p.scan.begin();
    show = p.scan.end();  // the headers alone, so that the caller hears of them before the body
  }

  if (p.chunks) return p.ReadChunks(bytes, used);

  std::string as_http11;
  if (const auto minor = p.scan.later_minor(); !headers_were_done && minor != 0) {
    as_http11 = bytes.substr(0, show);
    as_http11[minor] = '1';
    bytes = as_http11;
  }
  BeastError error;
  used += p.events->put(boost::asio::const_buffer(bytes.data() + used, show - used), error);
  if (error && error != http::error::need_more) {
    const auto beasts = FailureOf(error);
    p.Fail(beasts.status, beasts.detail);
    return Step::kFailed;
  }
  if (p.events->is_done()) return Step::kComplete;
  if (headers_were_done) return Step::kNeedMore;
  if (p.headers_done) return Step::kHeaders;
  p.Fail(400, "The headers are malformed.");  // they are whole, yet Beast waits for more of them
  return Step::kFailed;
}

Request RequestReader::Take() { return std::move(parser_->request); }

void RequestReader::Reset() { parser_->Reset(); }

bool RequestReader::begun() const { return parser_->begun; }
bool RequestReader::reading_body() const { return parser_->headers_done; }
const RequestReader::Failure& RequestReader::failure() const { return parser_->failure; }
std::size_t RequestReader::body_bytes() const { return parser_->request.body.size(); }
const Headers& RequestReader::headers() const { return parser_->request.headers; }
bool RequestReader::keep_alive() const {
  const Parser& p = *parser_;
  return p.headers_done && !p.asks_to_close && (p.http11 || p.asks_to_stay);  // RFC 9112, 9.3
}
bool RequestReader::http10() const { return parser_->headers_done && !parser_->http11; }
bool RequestReader::head() const { return parser_->head; }
bool RequestReader::expects_continue() const { return parser_->expects_continue; }

}  // namespace volcanion::api
