#include "Api/Http/HttpServer.h"

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// The HTTP server with a worker thread or more and a handler that does nothing but answer: what is measured is the
/// edge.

namespace {

using volcanion::api::HttpServer;
using volcanion::api::HttpServerSettings;
using volcanion::api::Request;
using volcanion::api::RequestHandler;
using volcanion::api::Responder;
using volcanion::api::Response;

constexpr char kUsage[] =
    "Usage: bench_edge_server at-once|other-thread BODY|@FILE [WORKERS]\n"
    "\n"
    "Serves 200 with BODY or what the file has, as application/json, for every request to a free port of 127.0.0.1, "
    "by\n"
    "one worker thread or more. Prints the port and ends when its standard input does. The answer is given within the\n"
    "handler, or by another thread.\n";

Response Answer(int status, std::string_view body) {
  Response response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  response.body = body;
  return response;
}

std::string TextOf(std::string_view argument) {
  if (!argument.starts_with('@')) return std::string(argument);
  std::ifstream file{std::string(argument.substr(1))};
  if (!file) throw std::runtime_error("cannot read " + std::string(argument.substr(1)));
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Answers from a thread of its own, all that wait at a time, as a group commit does.
class AnsweringThread {
 public:
  explicit AnsweringThread(std::string_view body)
      : body_(body), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  void Add(Responder responder) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(responder));
    if (waiting_.size() == 1) some_wait_.notify_one();
  }

 private:
  void Run(const std::stop_token& stop) {
    std::vector<Responder> taken;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        if (!some_wait_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
        std::swap(taken, waiting_);
      }
      for (auto& responder : taken) std::move(responder).Send(Answer(200, body_));
      taken.clear();
    }
  }

  const std::string_view body_;
  std::mutex mutex_;
  std::condition_variable_any some_wait_;
  std::vector<Responder> waiting_;  // guarded by mutex_
  std::jthread thread_;             // last: stops before the rest goes
};

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2 || arguments.size() > 3 || (arguments[0] != "at-once" && arguments[0] != "other-thread")) {
    std::cerr << kUsage;
    return 2;
  }
  const auto text = TextOf(arguments[1]);
  const std::string_view body = text;

  std::optional<AnsweringThread> answering;
  RequestHandler handler = [body](const Request&, Responder responder) {
    std::move(responder).Send(Answer(200, body));
  };
  if (arguments[0] == "other-thread") {
    answering.emplace(body);
    handler = [&answering](const Request&, Responder responder) { answering->Add(std::move(responder)); };
  }

  HttpServerSettings settings;
  settings.workers = arguments.size() == 3 ? std::stoi(std::string(arguments[2])) : 1;
  HttpServer server(settings, handler, [](int status, std::string_view, const auto&) { return Answer(status, "{}"); });
  server.Start();
  std::cout << server.port() << std::endl;
  while (std::getchar() != EOF) continue;
  server.Stop(std::chrono::milliseconds(0));
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_edge_server: " << error.what() << "\n";
  return 1;
}
