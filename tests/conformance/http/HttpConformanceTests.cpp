#include "Api/Http/Gzip.h"
#include "Api/Http/HttpServer.h"
#include "tests/conformance/http/CaseFile.h"
#include "tests/support/RawClient.h"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
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
  // However slow the machine, no connection waits for too long.
  settings.header_timeout = settings.body_timeout = settings.idle_timeout = settings.goodbye = std::chrono::hours(1);
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

// Connections that are fed side by side. The server takes 64 in one turn.
constexpr std::size_t kTogether = 48;
// How often it is asked whether the outcome is there by now: the kernel may hold back bytes of one connection when
// those of another, sent later and from another processor, have arrived.
constexpr int kLooks = 200;

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

  // What has come from that address.
  std::vector<ReceivedRequest> ReceivedFrom(const std::string& address) {
    const std::lock_guard lock(mutex_);
    return received_[address];
  }
  void ForgetReceived() {
    const std::lock_guard lock(mutex_);
    received_.clear();
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
    received_[request.remote_address].push_back(std::move(received));
  }

  const HttpServerSettings settings_;
  std::mutex mutex_;
  std::map<std::string, std::vector<ReceivedRequest>> received_;  // by the address of the client
  HttpServer server_;
  RawClient barrier_;
};

// What there has been to read.
struct Readable {
  std::string bytes;
  bool closed = false;
};

// Adds what there is now.
void ReadWhatIsThere(int fd, Readable& all) {
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t received = ::recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (received > 0) {
      all.bytes.append(buffer, static_cast<std::size_t>(received));
    } else if (received == 0) {
      all.closed = true;
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
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

// What is wrong with the outcome of a case, if anything.
std::optional<std::string> TroubleWith(const HttpCase& one, const Readable& readable,
                                       const std::vector<ReceivedRequest>& received) {
  if (auto mismatch = Mismatch(one, AnswersIn(readable.bytes), readable.closed)) return mismatch;
  if (received != one.received) return "received:" + Describe(received);
  if (readable.closed != (one.end == End::kClosed)) return readable.closed ? "closed" : "left open";
  return std::nullopt;
}

// Likewise with that of the request behind a case.
std::optional<std::string> TroubleBehind(const HttpCase& one, const Readable& readable,
                                         const std::vector<ReceivedRequest>& received) {
  if (one.end == End::kClosed) {
    if (readable.bytes.empty() && received.empty()) return std::nullopt;
    return "what came behind was read:" + Describe(received);
  }
  if (one.end == End::kWaiting) {
    if (!received.empty() && received.front() == kProbeReceived) return "what came behind was a request of its own";
    if (readable.bytes.empty()) return "what came behind was not taken for the rest of a request";
    return std::nullopt;
  }
  const auto answers = AnswersIn(readable.bytes);
  const bool served = answers.size() == 1 && answers[0].status == 200 && answers[0].body == EchoOf(kProbeReceived);
  if (served && !readable.closed && received == std::vector{kProbeReceived}) return std::nullopt;
  return "the next request was not served:" + Describe(answers) + "\n  received:" + Describe(received);
}

// A case, and one way to feed it.
struct Feed {
  const HttpCase* one;
  std::string way;
  std::vector<std::size_t> ends;  // of the parts it is cut into
};

// A connection that a case is fed to, from an address of its own.
struct Feeding {
  Feeding(const Feed& what, std::uint16_t port, std::size_t number)
      : feed(what), address("127.0.1." + std::to_string(number + 1)), client(port, {.from = address}) {}

  const Feed& feed;
  const std::string address;
  RawClient client;
  Readable readable;
  std::optional<std::string> trouble = "";
};

using Judge = std::optional<std::string> (*)(const HttpCase&, const Readable&, const std::vector<ReceivedRequest>&);

void Look(RecordingServer& server, std::vector<Feeding>& all, Judge judge) {
  for (int look = 0; look < kLooks; ++look) {
    if (look > 0) server.Barrier();
    bool trouble = false;
    for (auto& each : all) {
      if (!each.trouble) continue;
      try {
        ReadWhatIsThere(each.client.fd(), each.readable);
        each.trouble = judge(*each.feed.one, each.readable, server.ReceivedFrom(each.address));
      } catch (const std::exception& error) {
        each.trouble = error.what();
      }
      trouble = trouble || each.trouble;
    }
    if (!trouble) return;
  }
}

// Feeds all of them side by side, each part read by the server, in up to `further_turns` more than one, before the next
// is sent. Calls `tell(feed, trouble)` for what went wrong.
template <typename Tell>
void RunTogether(RecordingServer& server, std::span<const Feed> feeds, std::size_t further_turns, Tell tell) {
  server.ForgetReceived();
  std::vector<Feeding> all;
  std::size_t rounds = 0;
  for (const auto& feed : feeds) {
    all.emplace_back(feed, server.port(), all.size());
    rounds = std::max(rounds, feed.ends.size());
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    for (auto& [feed, address, client, readable, trouble] : all) {
      if (round >= feed.ends.size()) continue;
      const auto begin = round == 0 ? 0 : feed.ends[round - 1];
      client.Send(std::string_view(feed.one->bytes).substr(begin, feed.ends[round] - begin));
    }
    server.Barrier(round == 0, further_turns);
  }
  Look(server, all, TroubleWith);

  server.ForgetReceived();
  std::vector<Feeding> complete;
  for (auto& each : all) {
    if (each.trouble) {
      tell(each.feed, *each.trouble);
    } else {
      each.client.Send(kProbe);
      each.readable = {};
      each.trouble = "";
      complete.push_back(std::move(each));
    }
  }
  server.Barrier(false, further_turns);
  Look(server, complete, TroubleBehind);
  for (const auto& each : complete)
    if (each.trouble) tell(each.feed, *each.trouble);
  // Thousands of connections: none is to linger.
  for (auto* group : {&all, &complete})
    for (auto& each : *group) each.client.Close(true);
}

void RunAll(RecordingServer& server, const std::vector<Feed>& feeds, std::size_t further_turns = 0) {
  std::set<std::pair<const HttpCase*, std::string>> told;  // the same trouble at a hundred positions is told once
  for (std::size_t i = 0; i < feeds.size(); i += kTogether) {
    const auto together = std::span(feeds).subspan(i, std::min(kTogether, feeds.size() - i));
    RunTogether(server, together, further_turns, [&](const Feed& feed, const std::string& trouble) {
      if (told.emplace(feed.one, trouble).second)
        FAIL_CHECK(feed.one->place << ": " << feed.one->name << "\n  " << feed.way << "\n  " << trouble);
    });
  }
}

std::vector<Feed> Whole(const std::vector<HttpCase>& cases) {
  std::vector<Feed> feeds;
  for (const auto& one : cases) feeds.push_back({&one, "whole", {one.bytes.size()}});
  return feeds;
}

std::vector<Feed> ByteByByte(const std::vector<HttpCase>& cases) {
  std::vector<Feed> feeds;
  for (const auto& one : cases) {
    if (one.bytes.size() > kLongCase) continue;
    Feed feed{&one, "byte by byte", {}};
    for (std::size_t i = 1; i <= one.bytes.size(); ++i) feed.ends.push_back(i);
    feeds.push_back(std::move(feed));
  }
  // Side by side is what has as many parts.
  std::ranges::stable_sort(feeds, {}, [](const Feed& feed) { return feed.ends.size(); });
  return feeds;
}

std::vector<Feed> InTwo(const std::vector<HttpCase>& cases) {
  std::vector<Feed> feeds;
  for (const auto& one : cases) {
    const std::size_t size = one.bytes.size();
    for (std::size_t cut = 1; cut < size; cut += kFromCutToCut) {
      const bool in_the_middle = cut > kLongCase / 2 && cut + kLongCase / 2 < size;
      if (size > kLongCase && in_the_middle && cut % 41 != 0) continue;
      feeds.push_back({&one, "in two, cut at " + std::to_string(cut), {cut, size}});
    }
  }
  return feeds;
}

TEST_SUITE_BEGIN("HttpConformance");

TEST_CASE("every case has the outcome it states, however its bytes are cut") {
  RecordingServer server(kOneTurn);
  const auto cases = ReadAllCases(VOLCANION_HTTP_CASES);
  CHECK(cases.size() >= 150);
  RunAll(server, Whole(cases));
  RunAll(server, ByteByByte(cases));
  RunAll(server, InTwo(cases));
  MESSAGE(cases.size() << " cases");
}

TEST_CASE("every case has the outcome it states when other clients have a turn after every step of it") {
  RecordingServer server(kTurnForEachStep);
  const auto cases = ReadAllCases(VOLCANION_HTTP_CASES);
  std::size_t most_answers = 0;
  for (const auto& one : cases) most_answers = std::max(most_answers, one.answers.size());
  // A step for the head of a request and one for its body; one more for what is refused.
  RunAll(server, Whole(cases), 2 * most_answers + 1);
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
