#pragma once

#include "Application/Ports/Log.h"

#include <mutex>
#include <string>
#include <vector>

namespace volcanion::test {

/// A log that keeps its lines for a test to look at. Thread-safe.
class RecordedLog final : public application::Log {
 public:
  struct Line {
    Level level;
    std::string text;  ///< the message, and " name=value" for each field
  };

  void Write(Level level, std::string_view message, std::initializer_list<application::LogField> fields) override {
    Line line{level, std::string(message)};
    for (const auto& field : fields) {
      line.text.append(" ").append(field.name).append("=");
      if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        line.text.append(*text);
      } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
        line.text.append(std::to_string(*integer));
      } else {
        line.text.append(std::to_string(std::get<double>(field.value)));
      }
    }
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }

  std::vector<Line> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  /// How many lines have `piece` in their text.
  int Count(std::string_view piece) const {
    int count = 0;
    for (const auto& line : lines()) count += line.text.find(piece) != std::string::npos ? 1 : 0;
    return count;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Line> lines_;
};

}  // namespace volcanion::test
