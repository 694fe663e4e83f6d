#pragma once

#include "Api/Http/Gzip.h"
#include "Api/Http/HttpServer.h"
#include "tests/support/RawClient.h"

#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

/// What the tests of the HTTP server share: a server on a free port with one worker, requests, states to wait for.
namespace volcanion::test::http {

using namespace std::chrono_literals;
using volcanion::api::HttpServer;
using volcanion::api::HttpServerSettings;
using volcanion::api::Request;
using volcanion::api::RequestHandler;
using volcanion::api::Responder;
using volcanion::api::Response;

inline Response Answer(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers.Add("Content-Type", "text/plain");
  response.body = std::move(body);
  return response;
}

inline Response ErrorAnswer(int status, std::string_view detail, const volcanion::api::Headers& = {}) {
  return Answer(status, "error: " + std::string(detail));
}

// Answers at once with what was asked; bodies are unpacked as the program does it, up to 400,000 bytes.
inline void Echo(Request request, Responder responder) {
  if (const auto failure = volcanion::api::Unpack(request, 400'000))
    return std::move(responder).Send(ErrorAnswer(failure->status, failure->detail));
  std::move(responder).Send(
      Answer(200, request.method + " " + request.path + "?" + request.query + " " + request.body));
}

inline HttpServerSettings Settings() {
  HttpServerSettings settings;
  settings.workers = 1;
  return settings;
}

struct Server : HttpServer {
  explicit Server(RequestHandler handler = Echo, HttpServerSettings settings = Settings())
      : HttpServer(std::move(settings), std::move(handler), ErrorAnswer) {
    Start();
  }
};

// A handler that keeps its requests until the test answers them.
class Desk {
 public:
  struct Case {
    Request request;
    Responder responder;
  };

  RequestHandler handler() {
    return [this](Request request, Responder responder) {
      const std::lock_guard lock(mutex_);
      cases_.push_back({std::move(request), std::move(responder)});
      arrived_.notify_all();
    };
  }
  Case Next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, 30s, [this] { return !cases_.empty(); })) throw std::runtime_error("no request came");
    Case next = std::move(cases_.front());
    cases_.pop_front();
    return next;
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return cases_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Case> cases_;
};

inline bool Eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::string Post(std::string_view path, std::string_view body, std::string_view headers = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline std::string Get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n\r\n"; }

inline std::size_t EntriesOf(const char* folder) {
  const auto entries = std::filesystem::directory_iterator(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

inline double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace volcanion::test::http
