// Asks questions over connections that are kept, as fast as they are answered or at a given rate, and prints how long
// the answers took as one line of JSON. Questions are targets of GET, one a line of its standard input, asked in turn.

#include "tests/bench/load/Connection.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr auto kLongestAnswer = std::chrono::seconds(120);

struct Options {
  std::uint16_t port = 8080;
  std::string token;
  bool past_cache = false;
  int connections = 1;
  double rate = 0;               // questions a second; 0: as fast as they are answered
  std::uint64_t requests = 100;  // that are measured
  std::uint64_t warm_up = 0;     // before them
};

class Run {
 public:
  Run(const Options& options, std::vector<std::string> targets)
      : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (const auto& target : targets) {
      questions_.push_back("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + options.token +
                           (options.past_cache ? "\r\nCache-Control: no-cache" : "") + "\r\n\r\n");
    }
    for (int i = 0; i < options.connections; ++i) {
      clients_.push_back({std::make_unique<Connection>(options.port, epoll_, static_cast<std::uint64_t>(i)), {}, 0});
    }
    times_.reserve(options.requests);
  }

  void Go() {
    due_ = Clock::now();
    while (answered_ < All()) {
      const auto now = Clock::now();
      // In turn, as the server closes a connection over which nothing is asked for seconds.
      for (std::size_t tried = 0; tried < clients_.size(); ++tried) {
        if (asked_ == All() || (options_.rate > 0 && due_ > now)) break;
        auto& client = clients_[next_++ % clients_.size()];
        if (!client.connection->busy()) Ask(client, now);
      }
      HandleSockets();
      if (Clock::now() - last_ > kLongestAnswer && answered_ > 0) throw std::runtime_error("answers do not come");
    }
  }

  void Print() {
    std::sort(times_.begin(), times_.end());
    const auto milliseconds = [this](double share) {
      const auto rank = static_cast<std::size_t>(share * static_cast<double>(times_.size()));
      return static_cast<double>(times_[std::min(rank, times_.size() - 1)].count()) / 1e6;
    };
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto cpu = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    std::printf(
        "{\"requests\":%zu,\"p50Milliseconds\":%.3f,\"p99Milliseconds\":%.3f,\"longestMilliseconds\":%.3f,"
        "\"bytes\":%.0f,\"clientMicroseconds\":%.1f}\n",
        times_.size(), milliseconds(0.5), milliseconds(0.99), milliseconds(1),
        static_cast<double>(bytes_) / static_cast<double>(times_.size()),
        (cpu(used.ru_utime) + cpu(used.ru_stime)) * 1e6 / static_cast<double>(answered_));
  }

 private:
  struct Client {
    std::unique_ptr<Connection> connection;
    Clock::time_point since;  // when its question was due
    std::uint64_t number;     // of its question
  };

  std::uint64_t All() const { return options_.warm_up + options_.requests; }

  void Ask(Client& client, Clock::time_point now) {
    const bool paced = options_.rate > 0;
    client.since = paced ? due_ : now;
    if (paced) due_ += std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(1 / options_.rate));
    client.number = asked_++;
    client.connection->Send(questions_[client.number % questions_.size()]);
  }

  /// Until something is due that no socket tells of.
  nanoseconds Patience() const {
    constexpr nanoseconds kLongest = std::chrono::milliseconds(100);
    const auto is_busy = [](const Client& client) { return client.connection->busy(); };
    if (options_.rate <= 0 || asked_ == All() || std::ranges::all_of(clients_, is_busy)) return kLongest;
    return std::clamp<nanoseconds>(due_ - Clock::now(), nanoseconds(0), kLongest);
  }

  void HandleSockets() {
    epoll_event events[64];
    const timespec patience{0, Patience().count()};
    const int ready = ::epoll_pwait2(epoll_, events, 64, &patience, nullptr);
    for (int i = 0; i < ready; ++i) {
      auto& client = clients_[static_cast<std::size_t>(events[i].data.u64)];
      const auto answer = client.connection->OnSocket();
      if (answer.empty()) continue;
      last_ = Clock::now();
      if (!answer.starts_with("HTTP/1.1 200")) {
        throw std::runtime_error("an unexpected answer to " +
                                 questions_[client.number % questions_.size()].substr(0, 300) + ": " +
                                 std::string(answer.substr(0, 600)));
      }
      ++answered_;
      if (client.number < options_.warm_up) continue;
      times_.push_back(last_ - client.since);
      bytes_ += answer.size();
    }
  }

  const Options options_;
  const int epoll_;
  std::vector<std::string> questions_;
  std::vector<Client> clients_;
  std::size_t next_ = 0;  // of them to be asked over
  std::uint64_t asked_ = 0, answered_ = 0, bytes_ = 0;
  Clock::time_point due_, last_;
  std::vector<nanoseconds> times_;
};

}  // namespace
}  // namespace volcanion::bench

int main(int argc, char** argv) {
  volcanion::bench::Options options;
  CLI::App app("Asks the questions of its standard input and prints how long the answers took as JSON.");
  app.add_option("--port", options.port)->required();
  app.add_option("--token", options.token, "bearer token")->required();
  app.add_flag("--past-cache", options.past_cache, "with Cache-Control: no-cache");
  app.add_option("--connections", options.connections);
  app.add_option("--rate", options.rate, "questions a second; 0: as fast as they are answered");
  app.add_option("--requests", options.requests, "that are measured");
  app.add_option("--warm-up", options.warm_up, "requests before them");
  CLI11_PARSE(app, argc, argv);
  std::vector<std::string> targets;
  for (std::string line; std::getline(std::cin, line);) targets.push_back(line);
  try {
    if (targets.empty()) throw std::runtime_error("there are no questions");
    volcanion::bench::Run run(options, std::move(targets));
    run.Go();
    run.Print();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "query probe: %s\n", error.what());
    return 1;
  }
}
