// Sends events as fast as they are answered, or at a given rate, and prints what came of it as one line of JSON. It can
// ask meanwhile which of them are readable. It takes little of the processor itself: events are made once, and only ids
// and numbers in them change.

#include "tests/bench/load/Connection.h"
#include "tests/bench/load/EventTemplate.h"
#include "tests/bench/load/FreshnessWatch.h"
#include "tests/bench/load/Histogram.h"
#include "tests/bench/load/Probe.h"
#include "tests/bench/load/Traffic.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

struct Options {
  std::uint16_t port = 8080;
  EventTemplate::Shape events;
  std::string keys;            // a file with a key in each line: of the systems that Traffic is of; empty: one system
  double from = 0, until = 0;  // seconds since 1970, of the times of Traffic
  std::uint64_t numbers = 0;   // of events in that range; 0: their time is now
  std::uint64_t first = 0;
  int connections = 64;
  double seconds = 10;
  double warm_up = 1;
  double rate = 0;               // events a second; 0: as fast as they are answered
  std::uint64_t max_events = 0;  // stop after so many; 0: only the time counts
  std::string watched_system;    // of the key: what is read to learn which events are readable; empty: nothing
  std::string token;             // whose reads those are
  double watch_seconds = 0.01;   // between them
};

volatile std::sig_atomic_t told_to_end = 0;  // by SIGTERM: as if the time were over

constexpr auto kLongestAnswer = std::chrono::seconds(30);
constexpr auto kLongestReadable = std::chrono::seconds(60);
constexpr auto kBetweenProbes = std::chrono::milliseconds(53);  // in no step with anything else that comes at intervals

nanoseconds Duration(double seconds) {
  return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
}

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options), template_(options.events), epoll_(::epoll_create1(EPOLL_CLOEXEC)), number_(options.first) {
    connections_.resize(static_cast<std::size_t>(options.connections));
    if (!options.keys.empty()) traffic_ = std::make_unique<Traffic>(TrafficOf(options));
    if (options.watched_system.empty()) return;
    probe_ = std::make_unique<Probe>(options.events.key, options.events.prefix + '-' + std::to_string(options.first),
                                     options.watched_system, options.token);
  }

  void Go() {
    const auto begun = Clock::now();
    measured_from_ = last_ = begun + Duration(options_.warm_up);
    end_ = measured_from_ + Duration(options_.seconds);
    due_ = read_at_ = begun;
    probe_at_ = measured_from_;
    for (;;) {
      const auto now = Clock::now();
      if (told_to_end != 0) end_ = std::min(end_, now);
      const bool sending = now < end_ && !HasSentAll();
      if (sending) SendWhatIsDue(now);
      if (probe_) SendProbe(now, sending);
      if (!sending && busy_ == 0 && (IsAllReadable() || now > end_ + kLongestReadable)) break;
      if (busy_ > 0 && now > end_ + kLongestAnswer) throw std::runtime_error("answers do not come");
      HandleSockets(sending);
    }
  }

  void Print() const {
    const double seconds = std::chrono::duration<double>(last_ - measured_from_).count();
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto cpu = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    const auto count = [](const char* name, std::uint64_t value) {
      std::printf("\"%s\":%llu,", name, static_cast<unsigned long long>(value));
    };
    std::printf("{");
    count("events", stored_);
    count("refused", refused_);
    count("sent", number_ - options_.first);
    count("late", late_);
    count("eventBytes", traffic_ ? traffic_->event_bytes() : template_.event_bytes());
    if (probe_) {
      count("reads", reads_);
      count("unread", freshness_.unread() + probe_->unread());
      count("probes", probe_->events());
      PrintTimes("readable", probe_->times());
      PrintTimes("reflected", freshness_.times());
    }
    PrintTimes("", latency_);
    std::printf("\"seconds\":%.3f,\"eventsPerSecond\":%.1f,\"cpuSeconds\":%.3f}\n", seconds,
                seconds > 0 ? static_cast<double>(stored_) / seconds : 0, cpu(used.ru_utime) + cpu(used.ru_stime));
  }

 private:
  struct Client {
    std::unique_ptr<Connection> connection;
    Clock::time_point since;  // when its request was due
  };

  static Traffic::Shape TrafficOf(const Options& options) {
    const auto time = [](double seconds) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
    };
    Traffic::Shape shape{
        {}, options.events.prefix, options.events.batch, time(options.from), time(options.until), options.numbers};
    std::ifstream file(options.keys);
    for (std::string key; std::getline(file, key);) shape.keys.push_back(key);
    if (shape.keys.empty()) throw std::runtime_error("there are no keys in " + options.keys);
    return shape;
  }

  const std::string& NextRequest() { return traffic_ ? traffic_->Next(number_) : template_.Next(number_); }

  static void PrintTimes(std::string_view of, const Histogram& times) {
    const auto print = [of](std::string_view which, double milliseconds) {
      std::string name = std::string(of) + std::string(which) + "Milliseconds";
      if (of.empty()) name[0] = static_cast<char>(name[0] - 'A' + 'a');
      std::printf("\"%s\":%.3f,", name.c_str(), milliseconds);
    };
    print("P50", times.Milliseconds(0.5));
    print("P99", times.Milliseconds(0.99));
    print("Longest", times.longest_milliseconds());
  }

  static bool IsBusy(const std::unique_ptr<Connection>& connection) { return connection && connection->busy(); }

  Connection& Made(std::unique_ptr<Connection>& connection, std::size_t number) {
    if (!connection) connection = std::make_unique<Connection>(options_.port, epoll_, number);
    return *connection;
  }

  bool HasSentAll() const { return options_.max_events != 0 && number_ - options_.first >= options_.max_events; }

  void SendWhatIsDue(Clock::time_point now) {
    const bool paced = options_.rate > 0;
    if (busy_ == connections_.size()) {
      if (paced && due_ < now) ++late_;
      return;
    }
    // In turn, and made when they are needed: the server closes connections that are not used.
    for (std::size_t i = 0; i < connections_.size() && (!paced || due_ <= now) && !HasSentAll(); ++i) {
      auto& client = connections_[next_++ % connections_.size()];
      if (IsBusy(client.connection)) continue;
      client.since = paced ? due_ : now;
      if (paced) due_ += Duration(options_.events.batch / options_.rate);
      Made(client.connection, static_cast<std::size_t>(&client - connections_.data())).Send(NextRequest());
      ++busy_;
    }
  }

  void SendProbe(Clock::time_point now, bool sending) {
    if (!IsBusy(reader_) && now >= read_at_) {
      Made(reader_, connections_.size()).Send(probe_->question());
      read_at_ = now + Duration(options_.watch_seconds);
      ++reads_;
    }
    if (sending && !IsBusy(prober_) && now >= probe_at_) {
      Made(prober_, connections_.size() + 1).Send(probe_->NextEvent());
      probe_at_ = now + kBetweenProbes;
    }
  }

  bool IsAllReadable() const {
    return !probe_ || (freshness_.unread() == 0 && probe_->unread() == 0 && !IsBusy(prober_));
  }

  /// Milliseconds until something is due that no socket tells of.
  int Patience(bool sending) const {
    auto next = Clock::now() + std::chrono::milliseconds(100);
    if (sending && options_.rate > 0 && busy_ < connections_.size()) next = std::min(next, due_);
    if (probe_ && !IsBusy(reader_)) next = std::min(next, read_at_);
    if (probe_ && sending && !IsBusy(prober_)) next = std::min(next, probe_at_);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
  }

  void HandleSockets(bool sending) {
    epoll_event events[64];
    const int ready = ::epoll_wait(epoll_, events, 64, Patience(sending));
    for (int i = 0; i < ready; ++i) {
      const auto number = static_cast<std::size_t>(events[i].data.u64);
      const bool is_reader = number == connections_.size(), is_prober = number == connections_.size() + 1;
      auto& connection = is_reader ? *reader_ : is_prober ? *prober_ : *connections_[number].connection;
      const auto answer = connection.OnSocket();
      if (answer.empty()) continue;
      if (is_reader) {
        OnRead(answer);
      } else if (is_prober) {
        OnProbe(answer);
      } else {
        OnAnswer(connections_[number], answer);
      }
    }
  }

  void OnRead(std::string_view answer) {
    if (!answer.starts_with("HTTP/1.1 200")) Throw(answer);
    const auto now = Clock::now();
    probe_->OnPage(answer, now);
    freshness_.OnReadable(PositionIn(answer.substr(answer.rfind(R"("asOf")"))), now);
  }

  void OnProbe(std::string_view answer) {
    if (answer.find(R"("status":"stored")") != std::string_view::npos) return probe_->OnAcknowledged(Clock::now());
    if (!answer.starts_with("HTTP/1.1 503")) Throw(answer);
  }

  void OnAnswer(const Client& client, std::string_view answer) {
    --busy_;
    const auto now = Clock::now();
    const bool stored =
        answer.starts_with("HTTP/1.1 20") &&
        (options_.events.batch > 1
             ? answer.find("\"stored\":" + std::to_string(options_.events.batch)) != std::string_view::npos
             : answer.find("\"status\":\"stored\"") != std::string_view::npos) &&
        (options_.events.mixed || traffic_ || answer.find("\"isValid\":false") == std::string_view::npos);
    if (!stored && !answer.starts_with("HTTP/1.1 503")) Throw(answer);
    if (now < measured_from_ || now > end_) return;
    const auto events = static_cast<std::uint64_t>(options_.events.batch);
    latency_.Add(now - client.since);
    (stored ? stored_ : refused_) += events;
    last_ = now;
    if (stored && probe_) freshness_.OnAcknowledged(PositionIn(answer), now, events);
  }

  [[noreturn]] static void Throw(std::string_view answer) {
    throw std::runtime_error("an unexpected answer: " + std::string(answer.substr(0, 600)));
  }

  const Options options_;
  EventTemplate template_;
  std::unique_ptr<Traffic> traffic_;
  const int epoll_;
  std::vector<Client> connections_;
  std::unique_ptr<Connection> reader_, prober_;
  std::unique_ptr<Probe> probe_;
  std::size_t busy_ = 0;
  std::size_t next_ = 0;
  std::uint64_t number_;
  std::uint64_t stored_ = 0, refused_ = 0, late_ = 0, reads_ = 0;
  Clock::time_point measured_from_, end_, due_, read_at_, probe_at_, last_;
  Histogram latency_;
  FreshnessWatch freshness_;
};

}  // namespace
}  // namespace volcanion::bench

int main(int argc, char** argv) {
  volcanion::bench::Options options;
  CLI::App app("Sends events to Volcanion and prints what came of it as JSON.");
  app.add_option("--port", options.port)->required();
  auto* key = app.add_option("--key", options.events.key, "API key");
  auto* keys = app.add_option("--keys", options.keys, "file with the keys of many systems, the busiest first");
  key->excludes(keys);
  app.add_option("--from", options.from, "seconds since 1970: the first of the events' times, with --keys");
  app.add_option("--until", options.until, "seconds since 1970: the last of them");
  app.add_option("--numbers", options.numbers, "events from the first to the last of those times; 0: they are of now");
  app.add_option("--prefix", options.events.prefix, "of the events' ids")->required();
  app.add_option("--first", options.first, "number of the first event");
  app.add_option("--connections", options.connections);
  app.add_option("--batch", options.events.batch, "events in a request");
  app.add_option("--seconds", options.seconds, "that are measured");
  app.add_option("--warm-up", options.warm_up, "seconds before");
  app.add_option("--rate", options.rate, "events a second; 0: as fast as they are answered");
  app.add_option("--max-events", options.max_events, "stop after so many");
  app.add_flag("--scatter", options.events.scatter, "ids in no order");
  app.add_flag("--mixed", options.events.mixed, "every 10th event is a donation, every 100th is invalid");
  app.add_option("--watch", options.watched_system, "id of the key's system: read to learn which events are readable");
  app.add_option("--token", options.token, "bearer token of those reads");
  app.add_option("--watch-seconds", options.watch_seconds, "between those reads");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGTERM, [](int) { volcanion::bench::told_to_end = 1; });
  try {
    volcanion::bench::Run run(options);
    run.Go();
    run.Print();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "event load: %s\n", error.what());
    return 1;
  }
}
