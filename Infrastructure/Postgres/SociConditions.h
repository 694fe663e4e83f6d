#pragma once

#include <soci/soci.h>

#include <deque>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::infrastructure {

/// A statement that grows by conditions, each with its value.
class Conditions {
 public:
  explicit Conditions(soci::statement& statement) : statement_(statement) {}

  void Add(std::string_view condition) { sql_.append("\n     AND ").append(condition); }
  /// The value of `:name` in a condition.
  void Bind(const char* name, std::string value) {
    statement_.exchange(soci::use(values_.emplace_back(std::move(value)), name));
  }
  void Add(std::string_view condition, const char* name, std::string value) {
    Add(condition);
    Bind(name, std::move(value));
  }
  const std::string& sql() const { return sql_; }

 private:
  soci::statement& statement_;
  std::deque<std::string> values_;  // keeps their addresses
  std::string sql_;
};

}  // namespace volcanion::infrastructure
