#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace volcanion::application {

struct LogField {
  std::string_view name;  ///< camelCase
  std::variant<std::string_view, std::int64_t, double> value;
};

/// Structured log lines. Thread-safe. Never give it a key, a password or a payload.
class Log {
 public:
  enum class Level { kDebug, kInfo, kWarning, kError };

  virtual ~Log() = default;
  virtual void Write(Level level, std::string_view message, std::initializer_list<LogField> fields) = 0;

  void Debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(Level::kDebug, message, fields);
  }
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(Level::kInfo, message, fields);
  }
  void Warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(Level::kWarning, message, fields);
  }
  void Error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(Level::kError, message, fields);
  }
};

}  // namespace volcanion::application
