#include "Api/Http/RequestReader.h"

#include "Api/Http/Gzip.h"
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

constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kFirstBodyBytes = 64 * 1024;  // what a Content-Length may reserve before its bytes are there

// "0", CRLF, CRLF: with less, a chunked body cannot be complete, and Beast 1.74 asserts that it is not shown less of
// the last chunk once it has seen that it is the last.
constexpr std::size_t kShortestChunkedRest = 5;

using BeastError = boost::beast::error_code;
using BeastView = boost::beast::string_view;
using Failure = RequestReader::Failure;

std::string_view Plain(BeastView text) { return {text.data(), text.size()}; }

bool SameWord(BeastView text, const char* lower) { return boost::beast::iequals(text, lower); }

bool OnlyDigits(BeastView text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Enough to keep a host from meaning two things to two readers; whether it is ours is the routes' business.
bool PlausibleHost(BeastView host) {
  return std::ranges::none_of(host, [](char c) { return c == ' ' || c == '\t' || c == ',' || c == '/' || c == '@'; });
}

// What Beast refused; the parser's own refusals are noted where they are found.
Failure FailureOf(const BeastError& error) {
  if (error == http::error::body_limit) return {413, "The body is larger than this server accepts."};
  if (error == http::error::header_limit) return {431, "The headers are larger than this server accepts."};
  if (error == http::error::bad_content_length) return {400, "Content-Length is not one plain number."};
  if (error == http::error::bad_transfer_encoding) return {400, "Transfer-Encoding cannot be combined like this."};
  if (error == http::error::bad_version) return {400, "The request line does not end with HTTP/1.1 or HTTP/1.0."};
  if (error == http::error::bad_method) return {400, "The request line does not begin with a method."};
  if (error == http::error::bad_target) return {400, "The request target is malformed."};
  if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension)
    return {400, "The chunked body is malformed."};
  return {400, "The request is malformed."};
}

}  // namespace

// Beast's parser sees the headers only when they are whole and their lines are sound, and makes a Request of them
// without a message of its own in between. It is set up anew for each request.
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
    begun = headers_done = stalled = http11 = head = expects_continue = has_host = has_length = gzip = false;
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
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, BeastError&) override {
      to.request.body.append(bytes.data(), bytes.size());
      return bytes.size();
    }
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
  bool stalled = false;  // within chunk framing, and what was shown last was too little
  bool http11 = false;
  bool head = false;
  bool expects_continue = false;
  bool has_host = false;
  bool has_length = false;
  bool gzip = false;
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
  // The absolute form, which a server must take (RFC 9112, 3.2.2): scheme and authority are dropped.
  if (!target.starts_with('/')) {
    const auto scheme_end = target.find("://");
    if (scheme_end != std::string_view::npos && SameWord({target.data(), scheme_end}, "http")) {
      target.remove_prefix(scheme_end + 3);
      const auto path = target.find_first_of("/?");
      if (path == 0) return Fail(400, "The request target is malformed.");
      target = path == std::string_view::npos ? std::string_view() : target.substr(path);
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
  if (++fields > kMaxFields) return Fail(431, "The request has more header fields than this server accepts.");
  if (headers_done) return true;  // a trailer: nothing that a sender adds behind the body may change its meaning
  switch (field) {
    case http::field::host:
      if (std::exchange(has_host, true)) return Fail(400, "There is more than one Host.");
      if (!PlausibleHost(value)) return Fail(400, "Host is malformed.");
      break;
    case http::field::content_length:
      if (std::exchange(has_length, true) || !OnlyDigits(value))
        return Fail(400, "Content-Length is not one plain number.");
      break;
    case http::field::transfer_encoding:
      if (!http11) return Fail(400, "HTTP/1.0 has no Transfer-Encoding.");
      if (!SameWord(value, "chunked")) return Fail(501, "The only Transfer-Encoding this server knows is chunked.");
      break;
    case http::field::content_encoding:
      if (SameWord(value, "identity")) return true;
      if (gzip || !(SameWord(value, "gzip") || SameWord(value, "x-gzip")))
        return Fail(415, "The only Content-Encoding this server accepts is gzip.");
      gzip = true;
      return true;
    case http::field::expect:
      if (!http11) break;
      if (!SameWord(value, "100-continue"))
        return Fail(417, "The only expectation this server can meet is 100-continue.");
      expects_continue = true;
      break;
    default:
      break;
  }
  request.headers.Add(std::string(Plain(name)), std::string(Plain(value)));
  return true;
}

bool RequestReader::Parser::OnHeadersDone() {
  headers_done = true;
  return http11 && !has_host ? Fail(400, "Host is missing.") : true;
}

RequestReader::RequestReader(const RequestLimits& limits)
    : limits_(limits), parser_(std::make_unique<Parser>(limits)) {}

RequestReader::~RequestReader() = default;

RequestReader::Step RequestReader::Read(std::string_view bytes, std::size_t& used) {
  Parser& p = *parser_;
  used = 0;
  if (p.failure.status != 0) return Step::kFailed;
  const bool headers_were_done = p.headers_done;
  std::size_t show = bytes.size();
  if (!headers_were_done) {
    if (!bytes.empty()) p.begun = true;
    switch (p.scan.Scan(bytes)) {
      case HeaderScan::Result::kIncomplete:
        return Step::kNeedMore;
      case HeaderScan::Result::kComplete:
        break;
      case HeaderScan::Result::kBadLine:
        p.Fail(400, "The lines of the headers are malformed.");
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

  if (p.stalled && bytes.size() < kShortestChunkedRest) return Step::kNeedMore;

  BeastError error;
  used += p.events->put(boost::asio::const_buffer(bytes.data() + used, show - used), error);
  if (error && error != http::error::need_more) {
    const auto beasts = FailureOf(error);
    p.Fail(beasts.status, beasts.detail);
    return Step::kFailed;
  }
  if (p.events->is_done()) return Step::kComplete;
  if (!headers_were_done) return Step::kHeaders;
  p.stalled = used == 0;
  // Beast waits for whole lines of the chunk framing, however long.
  if (bytes.size() - used > limits_.header_bytes) {
    p.Fail(400, "The chunked body is malformed.");
    return Step::kFailed;
  }
  return Step::kNeedMore;
}

Request RequestReader::Take() {
  Parser& p = *parser_;
  if (p.gzip && !p.request.body.empty()) {
    std::string plain;
    switch (Gunzip(p.request.body, limits_.body_bytes, plain)) {
      case GunzipOutcome::kDone:
        break;
      case GunzipOutcome::kCorrupt:
        p.Fail(400, "The body is not sound gzip, as its Content-Encoding says.");
        break;
      case GunzipOutcome::kTooLarge:
        p.Fail(413, "The body unpacks to more than this server accepts.");
        break;
    }
    p.request.body = std::move(plain);
  }
  return std::move(p.request);
}

void RequestReader::Reset() { parser_->Reset(); }

bool RequestReader::begun() const { return parser_->begun; }
bool RequestReader::reading_body() const { return parser_->headers_done; }
const RequestReader::Failure& RequestReader::failure() const { return parser_->failure; }
bool RequestReader::keep_alive() const { return parser_->headers_done && parser_->events->keep_alive(); }
bool RequestReader::http10() const { return parser_->headers_done && !parser_->http11; }
bool RequestReader::head() const { return parser_->head; }
bool RequestReader::expects_continue() const { return parser_->expects_continue; }

}  // namespace volcanion::api
