#pragma once

#include "Application/Ports/Clock.h"
#include "Application/Ports/Log.h"
#include "Application/Ports/MessageSender.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace volcanion::infrastructure {

struct SmtpSettings {
  std::string url;  ///< smtp://HOST[:PORT] or smtps://HOST[:PORT]
  std::string from;
  std::string user;  ///< empty: no log-in
  std::string password;
  std::string ca_file = {};  ///< PEM, of who vouches for the server; empty: whom the system believes
  bool needs_tls = true;     ///< with smtp://: by STARTTLS, or nothing is sent
  std::size_t max_queued = 1'000;
  std::chrono::milliseconds timeout{30'000};     ///< for one attempt
  std::chrono::milliseconds first_pause{2'000};  ///< before the second attempt; twice as long before each further one
  int max_attempts = 8;
};

/// Sends messages by e-mail, on a thread of its own: nobody waits for a mail server, and no answer tells whether there
/// is somebody at an address. What a server refuses for good, what fails too often or has expired, and what there is no
/// room for is logged, without its token, and dropped; so is what is left when the object goes. Thread-safe.
class SmtpMessages final : public application::MessageSender {
 public:
  SmtpMessages(SmtpSettings settings, const application::Clock& clock, application::Log& log);
  ~SmtpMessages() override;

  /// Does not block.
  void Send(const application::OneTimeMessage& message) override;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Queued {
    application::OneTimeMessage message;
    int attempts = 0;
    SteadyTime due = {};
  };
  enum class Outcome { kSent, kRefused, kFailed };

  void Run(std::stop_token stop);
  /// The one that is due first, when it is due. Nothing when it is time to stop.
  std::vector<Queued> TakeDue(std::stop_token stop);
  void Attempt(Queued queued, std::stop_token stop);
  Outcome Deliver(const application::OneTimeMessage& message, std::stop_token stop, std::string& reason) const;
  void LogLost(const application::OneTimeMessage& message, std::string_view reason);

  const SmtpSettings settings_;
  const application::Clock& clock_;
  application::Log& log_;

  std::mutex mutex_;  // guards those below
  std::condition_variable_any changed_;
  std::vector<Queued> queue_;

  std::jthread thread_;  // last: stops before the rest goes
};

}  // namespace volcanion::infrastructure
