// Sends events as fast as they are answered, or at a given rate, and prints what came of it as one line of JSON. It
// takes little of the processor itself: events are made once, and only ids and numbers in them change.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;
using std::chrono::nanoseconds;

struct Options {
  std::uint16_t port = 8080;
  std::string key;
  std::string prefix = "bench";
  int connections = 64;
  int batch = 1;
  double seconds = 10;
  double warm_up = 1;
  double rate = 0;               // events a second; 0: as fast as they are answered
  std::uint64_t max_events = 0;  // stop after so many; 0: only the time counts
};

/// Counts of durations in buckets that are at most 1/16 wide.
class Histogram {
 public:
  void Add(nanoseconds time) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 1));
    ++counts_[Bucket(value)];
    ++total_;
    longest_ = std::max(longest_, value);
  }
  double Milliseconds(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return static_cast<double>(Value(i)) / 1e6;
    }
    return static_cast<double>(longest_) / 1e6;
  }
  double longest_milliseconds() const { return static_cast<double>(longest_) / 1e6; }

 private:
  static std::size_t Bucket(std::uint64_t value) {
    const auto bits = static_cast<std::size_t>(std::bit_width(value));
    const auto shift = bits > 5 ? bits - 5 : 0;
    return shift * 16 + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t Value(std::size_t bucket) {
    if (bucket < 32) return bucket;
    const auto shift = (bucket - 16) / 16;
    return static_cast<std::uint64_t>(bucket - shift * 16) << shift;
  }

  std::array<std::uint64_t, 1024> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t longest_ = 0;
};

/// A request whose events get new ids each time. All of them are of one size.
class Template {
 public:
  explicit Template(const Options& options) {
    std::string body = options.batch > 1 ? R"({"events":[)" : "";
    for (int i = 0; i < options.batch; ++i) {
      if (i > 0) body += ',';
      body += R"({"eventId":")" + options.prefix + '-';
      ids_.push_back(body.size());
      body += R"(0000000000","eventName":"purchase","eventTimestamp":"2026-01-20T10:00:00.000Z","userId":"u)";
      users_.push_back(body.size());
      body +=
          R"(0000","properties":{"amount":12.50,"currency":"EUR","channel":"web","order":"A-1-20","page":"/checkout/)"
          R"(confirmation","campaign":"autumn-newsletter","placedAt":"2026-01-20T09:59:58Z","items":3}})";
    }
    if (options.batch > 1) body += "]}";
    event_bytes_ = body.size() / static_cast<std::size_t>(options.batch);
    text_ = "POST /api/events/ingest" + std::string(options.batch > 1 ? "/batch" : "") +
            " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-API-Key: " + options.key +
            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    for (auto* places : {&ids_, &users_}) {
      for (auto& place : *places) place += text_.size();
    }
    text_ += body;
  }

  const std::string& Next(std::uint64_t& number) {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      Write(ids_[i], 10, number);
      Write(users_[i], 4, number * 7919);
      ++number;
    }
    return text_;
  }
  std::size_t event_bytes() const { return event_bytes_; }

 private:
  void Write(std::size_t at, int digits, std::uint64_t value) {
    for (int i = digits - 1; i >= 0; --i, value /= 10)
      text_[at + static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  }

  std::string text_;
  std::vector<std::size_t> ids_, users_;
  std::size_t event_bytes_ = 0;
};

struct Connection {
  int fd = -1;
  std::string out;
  std::size_t sent = 0;
  std::string in;
  bool busy = false;
  Clock::time_point since;  // when its request was due
};

class Run {
 public:
  explicit Run(const Options& options) : options_(options), template_(options) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    connections_.resize(static_cast<std::size_t>(options.connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) Connect(connections_[i], i);
  }

  void Go() {
    const auto begun = Clock::now();
    measured_from_ = begun + std::chrono::duration_cast<nanoseconds>(duration<double>(options_.warm_up));
    end_ = measured_from_ + std::chrono::duration_cast<nanoseconds>(duration<double>(options_.seconds));
    due_ = begun;
    std::vector<epoll_event> events(connections_.size());
    for (;;) {
      const auto now = Clock::now();
      sending_ = now < end_ && (options_.max_events == 0 || number_ < options_.max_events);
      if (sending_) SendWhatIsDue(now);
      if (!sending_ && busy_ == 0) break;
      if (now > end_ + std::chrono::seconds(30)) throw std::runtime_error("answers do not come");
      const int ready =
          ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), options_.rate > 0 ? 1 : 100);
      for (int i = 0; i < ready; ++i) OnSocket(connections_[events[static_cast<std::size_t>(i)].data.u64]);
    }
  }

  void Print() const {
    const double seconds = duration<double>(last_ - measured_from_).count();
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto cpu = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    std::printf(
        "{\"events\":%llu,\"seconds\":%.3f,\"eventsPerSecond\":%.1f,\"refused\":%llu,\"p50Milliseconds\":%.3f,"
        "\"p99Milliseconds\":%.3f,\"longestMilliseconds\":%.3f,\"eventBytes\":%zu,\"cpuSeconds\":%.3f,\"sent\":%llu,"
        "\"late\":%llu}\n",
        static_cast<unsigned long long>(stored_), seconds, static_cast<double>(stored_) / seconds,
        static_cast<unsigned long long>(refused_), latency_.Milliseconds(0.5), latency_.Milliseconds(0.99),
        latency_.longest_milliseconds(), template_.event_bytes(), cpu(used.ru_utime) + cpu(used.ru_stime),
        static_cast<unsigned long long>(number_), static_cast<unsigned long long>(late_));
  }

 private:
  void Connect(Connection& connection, std::size_t index) {
    connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  }

  void SendWhatIsDue(Clock::time_point now) {
    if (busy_ == connections_.size()) {
      if (options_.rate > 0 && due_ < now) ++late_;
      return;
    }
    for (auto& connection : connections_) {
      if (connection.busy) continue;
      if (options_.rate > 0 && due_ > now) return;
      if (options_.max_events != 0 && number_ >= options_.max_events) return;
      connection.since = options_.rate > 0 ? due_ : now;
      if (options_.rate > 0) {
        due_ += std::chrono::duration_cast<nanoseconds>(duration<double>(options_.batch / options_.rate));
      }
      connection.out = template_.Next(number_);
      connection.sent = 0;
      connection.busy = true;
      ++busy_;
      Push(connection);
    }
  }

  void Push(Connection& connection) {
    while (connection.sent < connection.out.size()) {
      const auto sent = ::send(connection.fd, connection.out.data() + connection.sent,
                               connection.out.size() - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno == EAGAIN) return Watch(connection, EPOLLIN | EPOLLOUT);
        throw std::runtime_error(std::string("cannot send: ") + std::strerror(errno));
      }
      connection.sent += static_cast<std::size_t>(sent);
    }
  }

  void Watch(Connection& connection, std::uint32_t interest) {
    epoll_event event{};
    event.events = interest;
    event.data.u64 = static_cast<std::uint64_t>(&connection - connections_.data());
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
  }

  void OnSocket(Connection& connection) {
    if (connection.sent < connection.out.size()) {
      Push(connection);
      if (connection.sent == connection.out.size()) Watch(connection, EPOLLIN);
    }
    for (;;) {
      const auto received = ::recv(connection.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (received < 0 && errno == EAGAIN) break;
      if (received <= 0) throw std::runtime_error("the server closed a connection");
      connection.in.append(buffer_.data(), static_cast<std::size_t>(received));
      if (static_cast<std::size_t>(received) < buffer_.size()) break;
    }
    if (connection.busy && IsComplete(connection.in)) OnAnswer(connection);
  }

  static bool IsComplete(std::string_view in) {
    const auto head = in.find("\r\n\r\n");
    if (head == std::string_view::npos) return false;
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = in.find(kLength);
    if (at > head) throw std::runtime_error("an answer without Content-Length");
    return in.size() >= head + 4 + std::strtoull(in.data() + at + kLength.size(), nullptr, 10);
  }

  void OnAnswer(Connection& connection) {
    const auto now = Clock::now();
    const std::string_view answer = connection.in;
    const bool stored =
        answer.starts_with("HTTP/1.1 20") &&
        (options_.batch > 1 ? answer.find("\"stored\":" + std::to_string(options_.batch)) != std::string_view::npos
                            : answer.find("\"status\":\"stored\"") != std::string_view::npos) &&
        answer.find("\"isValid\":false") == std::string_view::npos;
    if (!stored && !answer.starts_with("HTTP/1.1 503"))
      throw std::runtime_error("an unexpected answer: " + std::string(answer.substr(0, 600)));
    if (now >= measured_from_ && now <= end_) {
      latency_.Add(now - connection.since);
      (stored ? stored_ : refused_) += static_cast<std::uint64_t>(options_.batch);
      last_ = now;
    }
    connection.in.clear();
    connection.busy = false;
    --busy_;
  }

  const Options options_;
  Template template_;
  std::vector<Connection> connections_;
  std::array<char, 65536> buffer_{};
  int epoll_ = -1;
  std::size_t busy_ = 0;
  bool sending_ = true;
  std::uint64_t number_ = 0;
  std::uint64_t stored_ = 0, refused_ = 0, late_ = 0;
  Clock::time_point measured_from_, end_, due_, last_;
  Histogram latency_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Sends events to Volcanion and prints what came of it as JSON.");
  app.add_option("--port", options.port)->required();
  app.add_option("--key", options.key, "API key")->required();
  app.add_option("--prefix", options.prefix, "of the events' ids");
  app.add_option("--connections", options.connections);
  app.add_option("--batch", options.batch, "events in a request");
  app.add_option("--seconds", options.seconds, "that are measured");
  app.add_option("--warm-up", options.warm_up, "seconds before");
  app.add_option("--rate", options.rate, "events a second; 0: as fast as they are answered");
  app.add_option("--max-events", options.max_events, "stop after so many");
  CLI11_PARSE(app, argc, argv);
  try {
    Run run(options);
    run.Go();
    run.Print();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "event load: %s\n", error.what());
    return 1;
  }
}
