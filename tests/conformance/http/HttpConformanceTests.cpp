#include "Api/Http/Gzip.h"
#include "Api/Http/HttpServer.h"
#include "tests/conformance/http/CaseFile.h"
#include "tests/support/RawClient.h"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::http;
using volcanion::api::HttpServer;
using volcanion::api::HttpServerSettings;
using volcanion::api::Request;
using volcanion::api::Responder;
using volcanion::api::Response;

// As conformance/http/README.md says, so that the cases at a limit are short.
HttpServerSettings Settings(std::chrono::milliseconds turn) {
  HttpServerSettings settings;
  settings.turn = turn;
  settings.workers = 1;
  settings.max_target_bytes = 200;
  settings.max_header_bytes = 1'000;
  settings.max_body_bytes = 100;
  return settings;
}

// A case up to this length arrives byte by byte and cut at every position; in a longer one the middle is cut at every
// 41st only.
constexpr std::size_t kLongCase = 700;

// ThreadSanitizer makes every system call dear, and races do not hide between two positions of the same case.
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kFromCutToCut = 7;
#else
constexpr std::size_t kFromCutToCut = 1;
#endif

// However slow the machine, what is readable is read in one turn.
constexpr std::chrono::hours kOneTurn{1};
// The least that the server may do for a client before the others have their turn.
constexpr std::chrono::milliseconds kTurnForEachStep{0};

const std::string kProbe = "GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n";
const ReceivedRequest kProbeReceived{"GET", "/probe", ""};

std::string EchoOf(const ReceivedRequest& request) {
  return request.method + " " + request.target + " " + request.body;
}

// A server whose handler notes what it gets and answers at once with an echo of it.
class RecordingServer {
 public:
  explicit RecordingServer(std::chrono::milliseconds turn)
      : settings_(Settings(turn)),
        server_(
            settings_,
            [this](Request request, Responder responder) { Handle(std::move(request), std::move(responder)); },
            [](int status, std::string_view detail, const auto&) {
              return Answer(status, "error: " + std::string(detail));
            }),
        barrier_((server_.Start(), server_.port())) {}

  std::uint16_t port() const { return server_.port(); }

  // Returns when everything that clients have sent before has been read, as far as it can be, and been answered. The
  // one worker has what is readable in the same turn as the first of these requests, or in an earlier one, and has
  // ended that turn when it reads the second. A client that has just connected it takes in that turn, and reads in the
  // next. A client that was given several turns needs as many more.
  void Barrier(bool just_connected = false, std::size_t further_turns = 0) {
    for (std::size_t i = (just_connected ? 3 : 2) + further_turns; i > 0; --i) {
      barrier_.Send("GET /barrier HTTP/1.1\r\nHost: barrier\r\n\r\n");
      if (barrier_.ReadResponse().status != 200) throw std::runtime_error("the barrier was not answered");
    }
  }

  std::vector<ReceivedRequest> TakeReceived() {
    const std::lock_guard lock(mutex_);
    return std::exchange(received_, {});
  }

 private:
  static Response Answer(int status, std::string body) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
  }

  // Bodies are unpacked as the program does it.
  void Handle(Request request, Responder responder) {
    if (const auto failure = volcanion::api::Unpack(request, settings_.max_body_bytes)) {
      return std::move(responder).Send(Answer(failure->status, "error: " + std::string(failure->detail)));
    }
    ReceivedRequest received{request.method, request.path, request.body};
    if (!request.query.empty()) received.target += "?" + request.query;
    std::move(responder).Send(Answer(200, EchoOf(received)));
    if (received.target == "/barrier") return;
    const std::lock_guard lock(mutex_);
    received_.push_back(std::move(received));
  }

  const HttpServerSettings settings_;
  std::mutex mutex_;
  std::vector<ReceivedRequest> received_;
  HttpServer server_;
  RawClient barrier_;
};

// What there is to read, now.
struct Readable {
  std::string bytes;
  bool closed = false;
};

Readable ReadWhatIsThere(int fd) {
  Readable all;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t received = ::recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (received > 0) {
      all.bytes.append(buffer, static_cast<std::size_t>(received));
    } else if (received == 0) {
      all.closed = true;
      return all;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return all;
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "recv");
    }
  }
}

struct Answer {
  int status = 0;
  std::map<std::string, std::string> fields;
  std::string body;
  bool bodiless = false;  // a length is given, but no body follows
};

// Answers framed by Content-Length. One that has a body begins neither with a status line nor is it empty, so a head
// that another answer follows has none: how HEAD was answered is seen without knowing what was asked.
std::vector<Answer> AnswersIn(std::string_view bytes) {
  std::vector<Answer> answers;
  while (!bytes.empty()) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) throw std::runtime_error("not the head of an answer: " + Escaped(bytes));
    std::string_view head = bytes.substr(0, end + 2);
    bytes.remove_prefix(end + 4);
    Answer answer;
    if (!head.starts_with("HTTP/1.1 ") || head.size() < 13 || head[12] != ' ')
      throw std::runtime_error("not a status line: " + Escaped(head));
    answer.status = std::stoi(std::string(head.substr(9, 3)));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
      const auto line = head.substr(0, head.find("\r\n"));
      const auto colon = line.find(": ");
      if (colon == std::string_view::npos) throw std::runtime_error("not a field: " + Escaped(line));
      const bool first = answer.fields.emplace(line.substr(0, colon), line.substr(colon + 2)).second;
      if (!first) throw std::runtime_error("a field that comes twice: " + Escaped(line));
      head.remove_prefix(line.size() + 2);
    }
    if (answer.status >= 200) {
      const auto length = std::stoul(answer.fields.at("Content-Length"));
      answer.bodiless = length > 0 && (bytes.empty() || bytes.starts_with("HTTP/1.1 "));
      if (!answer.bodiless) {
        if (bytes.size() < length) throw std::runtime_error("an answer is cut short: " + Escaped(bytes));
        answer.body = bytes.substr(0, length);
        bytes.remove_prefix(length);
      }
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::string Describe(const std::vector<ReceivedRequest>& requests) {
  std::string text;
  for (const auto& request : requests) text += "\n    " + Escaped(EchoOf(request));
  return text.empty() ? " nothing" : text;
}

std::string Describe(const std::vector<Answer>& answers) {
  std::string text;
  for (const auto& answer : answers)
    text += "\n    " + std::to_string(answer.status) + (answer.bodiless ? "-head " : " ") + Escaped(answer.body);
  return text.empty() ? " none" : text;
}

// What is wrong with the answers, if anything.
std::optional<std::string> Mismatch(const HttpCase& expected, const std::vector<Answer>& answers, bool closed) {
  std::size_t next = 0;
  std::size_t handled = 0;
  for (const auto& wanted : expected.answers) {
    if (next == answers.size() || answers[next].status != wanted.status) {
      if (wanted.optional) continue;
      return "answers:" + Describe(answers);
    }
    const Answer& answer = answers[next++];
    if (answer.bodiless != wanted.bodiless) return "HEAD and bodies:" + Describe(answers);
    if (answer.status < 200) continue;
    if (answer.status == 200) {
      if (handled == expected.received.size()) return "more answers with 200 than requests";
      const auto echo = EchoOf(expected.received[handled++]);
      const bool right =
          answer.bodiless ? answer.fields.at("Content-Length") == std::to_string(echo.size()) : answer.body == echo;
      if (!right) return "the answer to another request:" + Describe(answers);
    } else if (!answer.bodiless && !answer.body.starts_with("error: ")) {
      return "an error without its text:" + Describe(answers);
    }
    const auto connection = answer.fields.find("Connection");
    const bool says_close = connection != answer.fields.end() && connection->second == "close";
    if (says_close != (closed && next == answers.size())) return "Connection: close said too early, or not at all";
  }
  if (next != answers.size()) return "more answers:" + Describe(answers);
  return std::nullopt;
}

// Feeds a case cut at `cuts`, each part read by the server, in up to `further_turns` more than one, before the next is
// sent; returns what went wrong.
std::optional<std::string> Run(RecordingServer& server, const HttpCase& one, const std::set<std::size_t>& cuts,
                               std::size_t further_turns = 0) {
  server.TakeReceived();
  RawClient client(server.port());
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    client.Send(std::string_view(one.bytes).substr(from, cut - from));
    server.Barrier(from == 0, further_turns);
    from = cut;
  }
  client.Send(std::string_view(one.bytes).substr(from));
  server.Barrier(from == 0, further_turns);

  const auto readable = ReadWhatIsThere(client.fd());
  if (auto mismatch = Mismatch(one, AnswersIn(readable.bytes), readable.closed)) return mismatch;
  if (const auto received = server.TakeReceived(); received != one.received) return "received:" + Describe(received);
  if (readable.closed != (one.end == End::kClosed)) return readable.closed ? "closed" : "left open";

  if (one.end != End::kWaiting) {
    client.Send(kProbe);
    server.Barrier(false, further_turns);
    const auto behind = ReadWhatIsThere(client.fd());
    const auto received = server.TakeReceived();
    if (one.end == End::kClosed) {
      if (!behind.bytes.empty() || !received.empty()) return "what came behind was read:" + Describe(received);
    } else {
      const auto answers = AnswersIn(behind.bytes);
      if (answers.size() != 1 || answers[0].status != 200 || answers[0].body != EchoOf(kProbeReceived) ||
          behind.closed || received != std::vector{kProbeReceived})
        return "the next request was not served:" + Describe(answers) + "\n  received:" + Describe(received);
    }
  }
  client.Close(true);  // thousands of connections: none is to linger
  return std::nullopt;
}

std::set<std::size_t> EveryPosition(const HttpCase& one) {
  std::set<std::size_t> all;
  for (std::size_t i = 1; i < one.bytes.size(); ++i) all.insert(i);
  return all;
}

void RunEveryWay(RecordingServer& server, const HttpCase& one) {
  std::set<std::string> seen;  // the same trouble at a hundred positions is told once
  const auto feed = [&](const std::string& way, const std::set<std::size_t>& cuts) {
    std::optional<std::string> trouble;
    try {
      trouble = Run(server, one, cuts);
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    if (trouble && seen.insert(*trouble).second)
      FAIL_CHECK(one.place << ": " << one.name << "\n  " << way << "\n  " << *trouble);
  };

  feed("whole", {});
  const std::size_t size = one.bytes.size();
  if (size <= kLongCase) feed("byte by byte", EveryPosition(one));
  for (std::size_t cut = 1; cut < size; cut += kFromCutToCut) {
    const bool in_the_middle = cut > kLongCase / 2 && cut + kLongCase / 2 < size;
    if (size > kLongCase && in_the_middle && cut % 41 != 0) continue;
    feed("in two, cut at " + std::to_string(cut), {cut});
  }
}

TEST_SUITE_BEGIN("HttpConformance");

TEST_CASE("every case has the outcome it states, however its bytes are cut") {
  RecordingServer server(kOneTurn);
  const auto cases = ReadAllCases(VOLCANION_HTTP_CASES);
  CHECK(cases.size() >= 150);
  for (const auto& one : cases) RunEveryWay(server, one);
  MESSAGE(cases.size() << " cases");
}

TEST_CASE("every case has the outcome it states when other clients have a turn after every step of it") {
  RecordingServer server(kTurnForEachStep);
  for (const auto& one : ReadAllCases(VOLCANION_HTTP_CASES)) {
    // A step for the head of a request and one for its body; one more for what is refused.
    const std::size_t turns = 2 * one.answers.size() + 1;
    if (const auto trouble = Run(server, one, {}, turns))
      FAIL_CHECK(one.place << ": " << one.name << "\n  " << *trouble);
  }
}

TEST_CASE("no two cases have the same bytes or the same name") {
  std::set<std::string> bytes;
  std::set<std::string> names;
  for (const auto& one : ReadAllCases(VOLCANION_HTTP_CASES)) {
    CHECK_MESSAGE(bytes.insert(one.bytes).second, one.place);
    CHECK_MESSAGE(names.insert(one.name).second, one.place);
  }
}

TEST_SUITE_END();

}  // namespace
