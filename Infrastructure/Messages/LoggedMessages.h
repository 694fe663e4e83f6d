#pragma once

#include "Application/Ports/Log.h"
#include "Application/Ports/MessageSender.h"

namespace volcanion::infrastructure {

/// Writes messages to the log instead of sending them. With their tokens where the log is the operator's own terminal;
/// else it only says that nobody was told.
class LoggedMessages final : public application::MessageSender {
 public:
  LoggedMessages(application::Log& log, bool with_tokens) : log_(log), with_tokens_(with_tokens) {}

  void Send(const application::OneTimeMessage& message) override;

 private:
  application::Log& log_;
  const bool with_tokens_;
};

}  // namespace volcanion::infrastructure
