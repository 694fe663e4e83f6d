#include "Api/Http/HttpServer.h"

#include "Api/Http/ListeningSocket.h"
#include "Api/Http/StrayDescriptors.h"
#include "Api/Http/Worker.h"

#include <pistache/reactor.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace volcanion::api {

namespace {

// Descriptors that are left to the rest of the process: stores, logs, another server.
constexpr std::size_t kOtherDescriptors = 256;

std::size_t WithinDescriptors(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return connections;
  const auto all = static_cast<std::size_t>(limit.rlim_cur);
  return std::min(connections, all > 4 * kOtherDescriptors ? all - kOtherDescriptors : all / 4 * 3);
}

std::shared_ptr<ServerContext> MakeContext(HttpServerSettings settings, RequestHandler handler,
                                           ProtocolErrorAnswer error_answer) {
  if (settings.workers < 1) throw std::runtime_error("an HTTP server needs at least one worker");
  auto context = std::make_shared<ServerContext>();
  context->limits = {settings.max_target_bytes, settings.max_header_bytes, settings.max_header_fields,
                     settings.max_body_bytes};
  context->settings = std::move(settings);
  context->settings.max_connections = WithinDescriptors(context->settings.max_connections);
  context->handler = std::move(handler);
  context->error_answer = std::move(error_answer);
  return context;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerSettings settings, RequestHandler handler, ProtocolErrorAnswer error_answer)
      : context_(MakeContext(std::move(settings), std::move(handler), std::move(error_answer))),
        listening_(context_->settings.host, context_->settings.port),
        port_(listening_.port()) {}

  void Start() {
    const std::lock_guard lock(mutex_);
    if (reactor_ || stopped_) return;
    const auto reactor = Pistache::Aio::Reactor::create();
    reactor->init(Pistache::Aio::AsyncContext(static_cast<std::size_t>(context_->settings.workers), "http"));
    const auto key = reactor->addHandler(std::make_shared<Worker>(context_));
    std::vector<std::shared_ptr<Worker>> workers;
    inboxes_.clear();
    strays_.clear();
    for (const auto& handler : reactor->handlers(key)) workers.push_back(std::static_pointer_cast<Worker>(handler));
    for (const auto& worker : workers) {
      inboxes_.push_back(worker->mail());
      std::ranges::copy(StrayDescriptorsBeside(worker->mail()->fd()), std::back_inserter(strays_));
    }
    workers.front()->AcceptFrom(listening_, inboxes_);
    try {
      reactor->run();
    } catch (...) {
      reactor->shutdown();  // the threads that did start, before they are joined
      throw;
    }
    reactor_ = reactor;
  }

  void AskToLeave() {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    for (const auto& inbox : inboxes_) inbox->Post(Inbox::Order::kLeave);
  }

  void Stop(std::chrono::milliseconds drain) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    if (!reactor_) return listening_.Close();
    const auto deadline = Clock::now() + drain;
    for (const auto& inbox : inboxes_) inbox->Post(Inbox::Order::kDrain);
    context_->served->WaitUntilNone(deadline);
    context_->refused->WaitUntilNone(deadline);
    for (const auto& inbox : inboxes_) inbox->Post(Inbox::Order::kCloseAll);
    context_->served->WaitUntilNone(Clock::time_point::max());
    context_->refused->WaitUntilNone(Clock::time_point::max());
    reactor_->shutdown();
    reactor_.reset();  // joins the workers
    for (const int stray : strays_) ::close(stray);
    listening_.Close();
  }

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return context_->served->now(); }
  std::size_t buffered_bytes() const { return context_->budget->request_bytes.load(std::memory_order_relaxed); }

 private:
  const std::shared_ptr<ServerContext> context_;
  ListeningSocket listening_;  // used by the accepting worker alone while the reactor runs
  const std::uint16_t port_;
  std::mutex mutex_;  // one Start() or Stop() at a time
  bool stopped_ = false;
  std::vector<std::shared_ptr<Inbox>> inboxes_;
  std::vector<int> strays_;  // what Pistache leaves open
  std::shared_ptr<Pistache::Aio::Reactor> reactor_;
};

HttpServer::HttpServer(HttpServerSettings settings, RequestHandler handler, ProtocolErrorAnswer error_answer)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(handler), std::move(error_answer))) {}

HttpServer::~HttpServer() { impl_->Stop(std::chrono::milliseconds(0)); }

void HttpServer::Start() { impl_->Start(); }
void HttpServer::AskToLeave() { impl_->AskToLeave(); }
void HttpServer::Stop(std::chrono::milliseconds drain) { impl_->Stop(drain); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
std::size_t HttpServer::connections() const { return impl_->connections(); }
std::size_t HttpServer::buffered_bytes() const { return impl_->buffered_bytes(); }

}  // namespace volcanion::api
