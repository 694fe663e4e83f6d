// A libFuzzer target for the HTTP edge: the first byte of an input says how the rest is cut, the rest is what a client
// sends. For any input,
//   - RequestReader makes the same requests and the same failure of it, and stops in the same state, whole or cut;
//   - of what it accepts, two simple readers see the same requests end at the same bytes: one that believes in CRLF
//     and one that is lax in all the ways that make smuggling work;
//   - a Connection over a socket pair hands on these requests, gives these answers, and closes when it should.

#include "Api/Http/Connection.h"
#include "Api/Http/Gzip.h"
#include "Api/Http/RequestReader.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace volcanion::api;

// As in conformance/http, whose cases are the seeds.
constexpr RequestLimits kLimits{200, 1'000, 100, 100};

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "\nviolated: %s\n", what);
  std::abort();
}

// ---------------------------------------------------------------- the reader

struct Item {
  std::string text;  // all of the request, or of the failure
  int status = 0;    // the failure's; 0: a request that is served
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string body;
  bool operator==(const Item&) const = default;
};

struct Outcome {
  std::vector<Item> items;
  enum End { kBetween, kInHeaders, kInBody, kClosed } end = kBetween;
  bool operator==(const Outcome&) const = default;
};

std::string TextOf(const Request& request) {
  std::string text = request.method + "\n" + request.path + "\n" + request.query + "\n";
  for (const auto& [name, value] : request.headers.fields()) (text += name + ": ") += value + "\n";
  return text + "\n" + request.body;
}

// Reads as Connection does: what is not used is shown again with more behind it, and nothing follows a failure or the
// last request of a connection.
Outcome ReadAll(std::string_view stream, const std::vector<std::size_t>& parts) {
  Outcome outcome;
  RequestReader reader(kLimits);
  std::string unread;
  std::size_t from = 0;
  std::size_t position = 0;  // in the stream: the first byte of `unread`
  std::size_t begin = 0;
  for (const std::size_t size : parts) {
    unread += stream.substr(from, size);
    from += size;
    while (!unread.empty()) {
      std::size_t used = 0;
      const auto step = reader.Read(unread, used);
      Require(used <= unread.size(), "no more is used than was shown");
      unread.erase(0, used);
      position += used;
      if (step == RequestReader::Step::kNeedMore) break;
      if (step == RequestReader::Step::kHeaders) continue;
      Item item;
      if (step == RequestReader::Step::kComplete) {
        const bool keep_alive = reader.keep_alive();
        Request request = reader.Take();
        item.text = TextOf(request);
        item.begin = begin;
        item.end = position;
        item.body = request.body;
        const auto unpacked = Unpack(request, kLimits.body_bytes);
        Require(unpacked || request.body.size() <= kLimits.body_bytes, "what is unpacked is within the limit");
        outcome.items.push_back(std::move(item));
        if (!keep_alive) {
          outcome.end = Outcome::kClosed;
          return outcome;
        }
        begin = position;
        reader.Reset();
      } else {
        item.status = reader.failure().status;
        item.text = reader.failure().detail;
        Require(item.status >= 400 && item.status < 600, "a failure has a status");
        outcome.items.push_back(std::move(item));
        outcome.end = Outcome::kClosed;
        return outcome;
      }
    }
  }
  outcome.end = reader.reading_body() ? Outcome::kInBody : reader.begun() ? Outcome::kInHeaders : Outcome::kBetween;
  return outcome;
}

// ---------------------------------------------------------------- two simple readers of framing

// Where a request ends that begins at the front of `bytes`, and its body. Strict: lines end with CRLF, a coding is
// compared, a size is its digits. Lax: a line feed is enough, anything that contains "chunked" is chunked, names are
// trimmed, numbers are whatever strtoull makes of them, and what should be an empty line behind a chunk is skipped.
class SimpleReader {
 public:
  SimpleReader(std::string_view bytes, bool lax) : bytes_(bytes), lax_(lax) {}

  bool Read() {
    if (bytes_.starts_with("\r\n")) position_ = 2;
    std::string_view line;
    if (!Line(line)) return false;
    std::uint64_t length = 0;
    bool chunked = false;
    while (Line(line)) {
      if (line.empty()) return chunked ? ReadChunks() : Skip(length);
      const auto colon = line.find(':');
      if (colon == std::string_view::npos) return false;
      std::string name = Lower(line.substr(0, colon));
      std::string value = Trimmed(Lower(line.substr(colon + 1)));
      if (lax_) name = Trimmed(name);
      if (name == "content-length") length = std::strtoull(value.c_str(), nullptr, 10);
      if (name == "transfer-encoding") chunked = lax_ ? value.find("chunked") != std::string::npos : value == "chunked";
    }
    return false;
  }

  std::size_t end() const { return position_; }
  const std::string& body() const { return body_; }

 private:
  static std::string Lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
  }
  static std::string Trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r\v\f");
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t\r\v\f") - first + 1);
  }
  bool Line(std::string_view& line) {
    const auto feed = lax_ ? bytes_.find('\n', position_) : bytes_.find("\r\n", position_);
    if (feed == std::string_view::npos) return false;
    line = bytes_.substr(position_, feed - position_);
    if (lax_ && line.ends_with('\r')) line.remove_suffix(1);
    position_ = feed + (lax_ ? 1 : 2);
    return true;
  }
  bool Skip(std::uint64_t length) {
    if (length > bytes_.size() - position_) return false;
    body_ += bytes_.substr(position_, length);
    position_ += length;
    return true;
  }
  bool ReadChunks() {
    std::string_view line;
    while (Line(line)) {
      const auto digits = line.substr(0, line.find_first_not_of("0123456789abcdefABCDEF"));
      const auto size = std::strtoull(std::string(lax_ ? line : digits).c_str(), nullptr, 16);
      if (size == 0) {
        while (Line(line))
          if (line.empty()) return true;
        return false;
      }
      if (!Skip(size) || !Line(line) || (!lax_ && !line.empty())) return false;
    }
    return false;
  }

  std::string_view bytes_;
  bool lax_;
  std::size_t position_ = 0;
  std::string body_;
};

void CheckFraming(std::string_view stream, const Outcome& outcome) {
  for (const auto& item : outcome.items) {
    if (item.end == 0) continue;  // refused before its end was known
    for (const bool lax : {false, true}) {
      SimpleReader simple(stream.substr(item.begin), lax);
      Require(simple.Read(), "a simple reader finds the end of an accepted request");
      Require(item.begin + simple.end() == item.end, "all readers see an accepted request end at the same byte");
      Require(item.status == 0 && simple.body() == item.body, "all readers see the same body");
    }
  }
}

// ---------------------------------------------------------------- the connection

// What a worker is to a connection, with one socket at a time. Kept from input to input, because its buffers are large.
class OneSocketHost final : public ConnectionHost {
 public:
  explicit OneSocketHost(ServerContext& context)
      : ConnectionHost(context, std::make_shared<Inbox>(), Deadlines(Patience())) {
    received.resize(4096);
    inbox->ClaimThread();
    context.limits = kLimits;
    context.error_answer = [](int status, std::string_view, const Headers&) { return Bare(status); };
    context.handler = [this](Request request, Responder responder) {
      requests.push_back(TextOf(request));
      if (at_once_)
        std::move(responder).Send(Bare(204));
      else
        later_.emplace(std::move(responder));
    };
  }

  void Open(bool at_once) {
    at_once_ = at_once;
    std::array<int, 2> pair{};
    Require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0, "a socket pair can be had");
    client_ = pair[0];
    server_ = pair[1];
    requests.clear();
    answers.clear();
    closed = writable_ = false;
    readable_ = true;
    connection_ = std::make_shared<Connection>(*this, server_, "", SocketPlace());
  }
  void Close() {
    if (connection_) std::shared_ptr(connection_)->Close();
    ::close(client_);
  }

  static Response Bare(int status) {
    Response response;
    response.status = status;
    return response;
  }

  void Watch(int, bool readable, bool writable) override {
    readable_ = readable;
    writable_ = writable;
  }
  void CloseSocket(int fd) override {
    ::close(fd);
    connection_.reset();
  }
  void TakeTurns(std::shared_ptr<Connection> connection) override { turn_ = std::move(connection); }

  void Feed(std::string_view part) {
    Require(
        ::send(client_, part.data(), part.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(part.size()) || !connection_,
        "a connection that is open takes what is sent");
    for (;;) {
      int waiting = 0;
      if (const auto next = std::exchange(turn_, nullptr)) {
        now = Clock::now();
        next->OnTurn();
      } else if (connection_ && ::ioctl(server_, FIONREAD, &waiting) == 0 && readable_ && waiting > 0) {
        std::shared_ptr(connection_)->OnReadable();
      } else if (later_) {
        std::move(*std::exchange(later_, std::nullopt)).Send(Bare(204));
      } else if (!TakeMail()) {
        Require(!writable_ || !connection_, "small answers do not fill the socket");
        return ReadAnswers();
      }
    }
  }

  std::vector<std::string> requests;
  std::string answers;
  bool closed = false;

 private:
  static std::array<std::chrono::milliseconds, kWaits> Patience() {
    std::array<std::chrono::milliseconds, kWaits> patience{};
    patience.fill(std::chrono::milliseconds(1'000));
    return patience;
  }

  bool TakeMail() {
    Inbox::Mail mail;
    inbox->Take(mail);
    for (auto& reply : mail.replies) {
      const auto to = std::move(reply.to);
      to->OnReply(std::move(reply));
    }
    return !mail.replies.empty();
  }

  void ReadAnswers() {
    std::array<char, 4096> buffer;
    ssize_t got;
    while ((got = ::recv(client_, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0)
      answers.append(buffer.data(), static_cast<std::size_t>(got));
    closed = closed || got == 0;
  }

  bool at_once_ = true;
  int client_ = -1;
  int server_ = -1;
  bool readable_ = true;
  bool writable_ = false;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Connection> turn_;
  std::optional<Responder> later_;
};

// The statuses of answers that have no body, but for 100.
std::vector<int> StatusesIn(std::string_view answers) {
  std::vector<int> statuses;
  while (!answers.empty()) {
    const auto end = answers.find("\r\n\r\n");
    Require(end != std::string_view::npos && answers.starts_with("HTTP/1.1 "), "answers are answers");
    const int status = std::atoi(std::string(answers.substr(9, 3)).c_str());
    if (status != 100) statuses.push_back(status);
    answers.remove_prefix(end + 4);
  }
  return statuses;
}

void CheckConnection(std::string_view stream, const std::vector<std::size_t>& parts, const Outcome& outcome,
                     bool at_once) {
  static ServerContext context;
  static OneSocketHost host(context);
  host.Open(at_once);
  std::size_t from = 0;
  for (const std::size_t size : parts) {
    host.Feed(stream.substr(from, size));
    from += size;
  }

  std::vector<std::string> requests;
  std::vector<int> statuses;
  for (const auto& item : outcome.items) {
    statuses.push_back(item.status == 0 ? 204 : item.status);
    if (item.status == 0) requests.push_back(item.text);
  }
  Require(host.requests == requests, "the handler gets what the reader reads");
  Require(StatusesIn(host.answers) == statuses, "every request and every failure has one answer, in order");
  Require(host.closed == (outcome.end == Outcome::kClosed), "the connection is closed behind its last answer only");
  host.Close();
}

// ---------------------------------------------------------------- cuts

// 0: byte by byte; else parts of up to 1, 2, 4 ... 128 bytes in a sequence of its own for each seed.
std::vector<std::size_t> PartsOf(std::size_t size, std::uint8_t seed) {
  std::vector<std::size_t> parts;
  std::uint32_t random = seed * 2'654'435'761U + 1;
  for (std::size_t left = size; left > 0; left -= parts.back()) {
    random ^= random << 13;
    random ^= random >> 17;
    random ^= random << 5;
    parts.push_back(std::min<std::size_t>(left, seed == 0 ? 1 : 1 + (random >> 8) % (1U << (seed % 8))));
  }
  return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t seed = data[0];
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto parts = PartsOf(stream.size(), seed);
  const auto whole = ReadAll(stream, {stream.size()});
  Require(ReadAll(stream, parts) == whole, "how the bytes are cut makes no difference");
  CheckFraming(stream, whole);
  CheckConnection(stream, parts, whole, seed % 2 == 0);
  return 0;
}
