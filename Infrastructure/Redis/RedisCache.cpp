#include "Infrastructure/Redis/RedisCache.h"

#include "Application/Queries/PageCursor.h"

#include <hiredis/hiredis.h>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <initializer_list>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Of every key: another form of the values gets another one.
constexpr std::string_view kNamespace = "volcanion:1:";
constexpr std::size_t kSumBytes = 8;
constexpr int kMaxDatabase = 65'535;

/// Of key and value: a value under another key is no answer either.
std::string SumOf(std::string_view key, std::string_view value) {
  application::Fingerprint print;
  print.Add(key);
  print.Add(value);
  const auto hash = print.value();
  std::string sum(kSumBytes, '\0');
  std::memcpy(sum.data(), &hash, kSumBytes);
  return sum;
}

milliseconds Left(steady_clock::time_point deadline) {
  return std::max(std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()), milliseconds(0));
}

struct FreeReply {
  void operator()(void* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

struct FreeText {
  void operator()(char* text) const { redisFreeCommand(text); }
};

/// Waits until the socket is ready for `events`, or broken; false when the time is over.
bool WaitFor(int fd, short events, steady_clock::time_point deadline) {
  pollfd waits{fd, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&waits, 1, static_cast<int>(Left(deadline).count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// By hand: hiredis lets the process die of SIGPIPE, and begins a time-out anew with every byte.
bool SendAll(int fd, std::string_view bytes, steady_clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (sent < 0 && !WouldBlock()) {
      return false;
    } else if (!WaitFor(fd, POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

/// Null when the connection breaks, the time is over, or what comes is no reply of Redis.
Reply ReceiveReply(redisContext& context, steady_clock::time_point deadline) {
  std::array<char, 16 * 1024> received;
  while (true) {
    void* reply = nullptr;
    if (redisReaderGetReply(context.reader, &reply) != REDIS_OK) return nullptr;
    if (reply != nullptr) return Reply(static_cast<redisReply*>(reply));
    if (!WaitFor(context.fd, POLLIN, deadline)) return nullptr;
    const ssize_t size = ::recv(context.fd, received.data(), received.size(), MSG_DONTWAIT);
    if (size == 0 || (size < 0 && !WouldBlock())) return nullptr;
    if (size > 0 && redisReaderFeed(context.reader, received.data(), static_cast<std::size_t>(size)) != REDIS_OK)
      return nullptr;
  }
}

Reply Command(redisContext& context, steady_clock::time_point deadline, std::initializer_list<std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* formatted = nullptr;
  const auto length = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), texts.data(), sizes.data());
  const std::unique_ptr<char, FreeText> text(formatted);
  if (length < 0 || !SendAll(context.fd, {formatted, static_cast<std::size_t>(length)}, deadline)) return nullptr;
  return ReceiveReply(context, deadline);
}

bool IsOk(const Reply& reply) { return reply && reply->type == REDIS_REPLY_STATUS; }

/// Whether the connection under way is there in time.
bool IsConnected(int fd, steady_clock::time_point deadline) {
  if (!WaitFor(fd, POLLOUT, deadline)) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

template <typename Number>
bool ReadNumber(std::string_view text, Number& number) {
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && stopped == text.data() + text.size();
}

}  // namespace

std::optional<RedisAddress> RedisAddress::Parse(std::string_view url) {
  RedisAddress address;
  if (url.starts_with("unix:")) {
    address.socket_path = url.substr(5);
    return address.socket_path.empty() ? std::nullopt : std::optional(address);
  }
  constexpr std::string_view kScheme = "redis://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const auto user = url.substr(0, at);
    if (!user.starts_with(':')) return std::nullopt;
    address.password = user.substr(1);
    url.remove_prefix(at + 1);
  }
  if (const auto slash = url.find('/'); slash != std::string_view::npos) {
    const auto database = url.substr(slash + 1);
    if (!database.empty() &&
        (!ReadNumber(database, address.database) || address.database < 0 || address.database > kMaxDatabase))
      return std::nullopt;
    url = url.substr(0, slash);
  }
  if (const auto colon = url.rfind(':'); colon != std::string_view::npos) {
    if (!ReadNumber(url.substr(colon + 1), address.port) || address.port == 0) return std::nullopt;
    url = url.substr(0, colon);
  }
  address.host = url;
  return address.host.empty() ? std::nullopt : std::optional(address);
}

void RedisCache::Closing::operator()(redisContext* context) const { redisFree(context); }

RedisCache::RedisCache(Settings settings, application::Metrics& metrics, application::Log& log)
    : settings_(std::move(settings)), metrics_(metrics), log_(log) {}

RedisCache::~RedisCache() = default;

bool RedisCache::MayAsk() {
  const std::lock_guard lock(mutex_);
  if (!is_open_) return true;
  const auto now = steady_clock::now();
  if (now < next_try_) return false;
  next_try_ = now + settings_.pause;  // the others wait for what becomes of this one
  return true;
}

void RedisCache::NoteFailure(std::string_view reason) {
  bool opens = false;
  {
    const std::lock_guard lock(mutex_);
    idle_.clear();  // none of them is to be trusted
    next_try_ = steady_clock::now() + settings_.pause;
    opens = !is_open_ && ++failures_ >= settings_.max_failures;
    is_open_ = is_open_ || opens;
  }
  metrics_.CacheFailed();
  if (!opens) return;
  metrics_.CacheBreaker(true);
  log_.Warning("the cache cannot be used; questions are answered without it", {{"reason", reason}});
}

void RedisCache::NoteSuccess() {
  bool was_open = false;
  {
    const std::lock_guard lock(mutex_);
    failures_ = 0;
    was_open = std::exchange(is_open_, false);
  }
  if (!was_open) return;
  metrics_.CacheBreaker(false);
  log_.Info("the cache is of use again");
}

RedisCache::Connection RedisCache::Lease(SteadyTime deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  const auto& address = settings_.address;
  // Without blocking from the beginning: a name is looked up all the same, so that an address is better.
  Connection connection(address.socket_path.empty() ? redisConnectNonBlock(address.host.c_str(), address.port)
                                                    : redisConnectUnixNonBlock(address.socket_path.c_str()));
  if (!connection || connection->err != 0 || !IsConnected(connection->fd, deadline)) return nullptr;
  if (!address.password.empty() && !IsOk(Command(*connection, deadline, {"AUTH", address.password}))) return nullptr;
  if (address.database != 0 && !IsOk(Command(*connection, deadline, {"SELECT", std::to_string(address.database)})))
    return nullptr;
  return connection;
}

void RedisCache::GiveBack(Connection connection) {
  const std::lock_guard lock(mutex_);
  if (!is_open_ && idle_.size() < settings_.max_idle) idle_.push_back(std::move(connection));
}

std::optional<std::string> RedisCache::Get(std::string_view key) {
  if (!MayAsk()) return std::nullopt;
  const auto deadline = steady_clock::now() + settings_.patience;
  auto connection = Lease(deadline);
  if (!connection) {
    NoteFailure("it cannot be reached in time");
    return std::nullopt;
  }
  const auto reply = Command(*connection, deadline, {"GET", std::string(kNamespace).append(key)});
  if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_NIL)) {
    NoteFailure(reply && reply->type == REDIS_REPLY_ERROR ? std::string_view(reply->str, reply->len)
                                                          : "it does not answer in time, or not as Redis does");
    return std::nullopt;
  }
  NoteSuccess();
  GiveBack(std::move(connection));
  if (reply->type == REDIS_REPLY_NIL) return std::nullopt;
  const std::string_view kept(reply->str, reply->len);
  if (kept.size() < kSumBytes || SumOf(key, kept.substr(kSumBytes)) != kept.substr(0, kSumBytes)) {
    metrics_.CacheFailed();  // somebody else wrote it
    return std::nullopt;
  }
  return std::string(kept.substr(kSumBytes));
}

void RedisCache::Put(std::string_view key, std::string_view value, std::chrono::seconds time_to_live) {
  if (time_to_live <= std::chrono::seconds(0) || !MayAsk()) return;
  const auto deadline = steady_clock::now() + settings_.patience;
  auto connection = Lease(deadline);
  if (!connection) return NoteFailure("it cannot be reached in time");
  const auto reply = Command(*connection, deadline,
                             {"SET", std::string(kNamespace).append(key), SumOf(key, value).append(value), "EX",
                              std::to_string(time_to_live.count())});
  if (!reply) return NoteFailure("it does not take in time what it is given");
  if (!IsOk(reply)) {
    // Full, say: what it has can still be read.
    metrics_.CacheFailed();
    if (reply->type != REDIS_REPLY_ERROR) return NoteFailure("it does not answer as Redis does");
  } else {
    NoteSuccess();
  }
  GiveBack(std::move(connection));
}

}  // namespace volcanion::infrastructure
