#pragma once

#include "Application/Ports/Clock.h"
#include "Application/Ports/Log.h"

#include <iosfwd>
#include <memory>

namespace spdlog {
class logger;
}

namespace volcanion::infrastructure {

enum class LogFormat {
  kJson,  ///< {"ts":"2026-11-20T10:00:00.000Z","level":"info","message":"...","field":"value"}
  kText,  ///< 2026-11-20T10:00:00.000Z INFO    ... field=value
};

/// One line for each call, written before the call returns. Whatever is in a message or a value stays on its line;
/// bytes that are not UTF-8 are replaced by U+FFFD. Fields may have any name but ts, level and message.
/// Never throws because of a line that cannot be written.
class JsonLog final : public application::Log {
 public:
  /// Writes to a descriptor, which it leaves open, what is at least as grave as `least`. When nobody reads at the other
  /// end, lines are dropped rather than waited for; how many is said once somebody reads again.
  JsonLog(Level least, LogFormat format, const application::Clock& clock, int descriptor = 2);
  /// Writes to `out`, which must outlive it.
  JsonLog(Level least, LogFormat format, const application::Clock& clock, std::ostream& out);
  ~JsonLog() override;

  void Write(Level level, std::string_view message, std::initializer_list<application::LogField> fields) override;

 private:
  const LogFormat format_;
  const application::Clock& clock_;
  const std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace volcanion::infrastructure
