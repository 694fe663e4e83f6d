#pragma once

#include "Domain/Email.h"
#include "Domain/Timestamp.h"

#include <string>

namespace volcanion::application {

/// A message with a one-time token, which is a secret between us and its reader.
struct OneTimeMessage {
  enum class Purpose { kInvitation, kPasswordReset };
  Purpose purpose;
  domain::Email to;
  std::string token;
  domain::Timestamp expires_at;
};

/// Brings messages to people. Thread-safe; may block. What cannot be delivered is the sender's to log.
class MessageSender {
 public:
  virtual ~MessageSender() = default;
  virtual void Send(const OneTimeMessage& message) = 0;
};

}  // namespace volcanion::application
