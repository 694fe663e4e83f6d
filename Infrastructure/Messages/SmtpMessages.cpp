#include "Infrastructure/Messages/SmtpMessages.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <string_view>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::OneTimeMessage;
using std::chrono::steady_clock;

constexpr long kConnectMillis = 10'000;
constexpr long kFirstPermanent = 500;  // RFC 5321, 4.2.1: the same again would be refused again

std::string_view RouteOf(const OneTimeMessage& message) {
  return message.purpose == OneTimeMessage::Purpose::kInvitation ? "/api/auth/accept-invitation"
                                                                 : "/api/auth/reset-password";
}

/// RFC 5322, 3.3: the names are English, whatever the locale.
std::string DateOf(domain::Timestamp time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000",
                kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text;
}

std::string NewMessageId(const std::string& from) {
  std::random_device random;
  char text[40];
  std::snprintf(text, sizeof text, "%08x%08x%08x", random(), random(), random());
  return "<" + std::string(text) + from.substr(from.find('@')) + ">";
}

/// Addresses have neither spaces nor line ends (Domain/Email.h): nobody writes headers of their own.
std::string Written(const OneTimeMessage& message, const std::string& from, domain::Timestamp now) {
  const bool invites = message.purpose == OneTimeMessage::Purpose::kInvitation;
  std::string text;
  const auto line = [&text](std::string_view piece) { text.append(piece).append("\r\n"); };
  line("Date: " + DateOf(now));
  line("From: Volcanion <" + from + ">");
  line("To: <" + message.to.text() + ">");
  line("Message-ID: " + NewMessageId(from));
  line(invites ? "Subject: You are invited to Volcanion" : "Subject: A new password for Volcanion");
  line("MIME-Version: 1.0");
  line("Content-Type: text/plain; charset=us-ascii");
  line("Auto-Submitted: auto-generated");
  line("");
  line(invites ? "You are invited to become a member. To agree, send the token below to"
               : "Somebody, probably you, has asked for a new password. To choose one, send the token below to");
  line(std::string(RouteOf(message)) + ", with a password.");
  line("");
  line(message.token);
  line("");
  line("It is good once, until " + domain::FormatRfc3339(message.expires_at) +
       ", for whoever has it: keep it to yourself.");
  line(invites ? "If you do not know of this, leave it be." : "If it was not you, leave it be: nothing has changed.");
  return text;
}

struct Upload {
  std::string_view rest;
};

std::size_t Read(char* into, std::size_t size, std::size_t count, void* from) {
  auto& rest = static_cast<Upload*>(from)->rest;
  const auto part = rest.substr(0, size * count);
  std::memcpy(into, part.data(), part.size());
  rest.remove_prefix(part.size());
  return part.size();
}

/// Not zero ends the transfer.
int IsTimeToStop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

}  // namespace

SmtpMessages::SmtpMessages(SmtpSettings settings, const application::Clock& clock, application::Log& log)
    : settings_(std::move(settings)), clock_(clock), log_(log), thread_([this](std::stop_token stop) { Run(stop); }) {}

SmtpMessages::~SmtpMessages() {
  thread_.request_stop();
  thread_.join();
  for (const auto& queued : queue_) LogLost(queued.message, "the process stops");
}

void SmtpMessages::Send(const OneTimeMessage& message) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < settings_.max_queued) {
      queue_.push_back({message, 0, steady_clock::now()});
      changed_.notify_one();
      return;
    }
  }
  LogLost(message, "too many messages wait already");
}

std::vector<SmtpMessages::Queued> SmtpMessages::TakeDue(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto first =
        std::min_element(queue_.begin(), queue_.end(), [](const Queued& a, const Queued& b) { return a.due < b.due; });
    if (first == queue_.end()) {
      changed_.wait(lock, stop, [this] { return !queue_.empty(); });
    } else if (const auto due = first->due; due > steady_clock::now()) {
      changed_.wait_until(lock, stop, due, [&] {
        return std::any_of(queue_.begin(), queue_.end(), [&](const Queued& queued) { return queued.due < due; });
      });
    } else {
      std::vector<Queued> taken{std::move(*first)};
      queue_.erase(first);
      return taken;
    }
  }
  return {};
}

void SmtpMessages::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    for (auto& queued : TakeDue(stop)) Attempt(std::move(queued), stop);
  }
}

void SmtpMessages::Attempt(Queued queued, std::stop_token stop) {
  std::string reason;
  const auto outcome = clock_.Now() < queued.message.expires_at ? Deliver(queued.message, stop, reason)
                                                                : (reason = "it has expired", Outcome::kRefused);
  if (outcome == Outcome::kSent) {
    log_.Info("a message was sent",
              {{"to", std::string_view(queued.message.to.text())}, {"route", RouteOf(queued.message)}});
    return;
  }
  ++queued.attempts;
  if (outcome == Outcome::kRefused || queued.attempts >= settings_.max_attempts) return LogLost(queued.message, reason);
  if (queued.attempts == 1) {
    log_.Warning("a message could not be sent yet; it is tried again",
                 {{"to", std::string_view(queued.message.to.text())}, {"reason", std::string_view(reason)}});
  }
  queued.due = steady_clock::now() + settings_.first_pause * (1 << (queued.attempts - 1));
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(queued));
}

SmtpMessages::Outcome SmtpMessages::Deliver(const OneTimeMessage& message, std::stop_token stop,
                                            std::string& reason) const {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) {
    reason = "libcurl cannot be initialized";
    return Outcome::kFailed;
  }
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> to(
      curl_slist_append(nullptr, ("<" + message.to.text() + ">").c_str()), &curl_slist_free_all);
  const auto text = Written(message, settings_.from, clock_.Now());
  Upload upload{text};
  const auto from = "<" + settings_.from + ">";
  curl_easy_setopt(curl.get(), CURLOPT_URL, settings_.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl.get(), CURLOPT_USE_SSL, settings_.needs_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE);
  if (!settings_.ca_file.empty()) curl_easy_setopt(curl.get(), CURLOPT_CAINFO, settings_.ca_file.c_str());
  if (!settings_.user.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_USERNAME, settings_.user.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PASSWORD, settings_.password.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_SASL_IR, 1L);
  }
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT_MS, std::min<long>(kConnectMillis, settings_.timeout.count()));
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(settings_.timeout.count()));
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, to.get());
  curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, &Read);
  curl_easy_setopt(curl.get(), CURLOPT_READDATA, &upload);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, &IsTimeToStop);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &stop);
  const auto code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return Outcome::kSent;
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  reason = curl_easy_strerror(code);
  if (status != 0) reason += " (the mail server's last answer was " + std::to_string(status) + ")";
  // A mail server that does not let us in may do so when its operator, or ours, has mended that.
  return status >= kFirstPermanent && code != CURLE_LOGIN_DENIED ? Outcome::kRefused : Outcome::kFailed;
}

void SmtpMessages::LogLost(const OneTimeMessage& message, std::string_view reason) {
  log_.Error("a message was not sent",
             {{"to", std::string_view(message.to.text())}, {"route", RouteOf(message)}, {"reason", reason}});
}

}  // namespace volcanion::infrastructure
