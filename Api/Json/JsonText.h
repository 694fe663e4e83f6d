#pragma once

#include "Application/Ports/EventReader.h"
#include "Domain/Result.h"
#include "Domain/Violation.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::api {

/// Writes JSON text, member by member. What is written raw must be JSON already.
class JsonText {
 public:
  JsonText();
  ~JsonText();

  JsonText& BeginObject();
  JsonText& EndObject();
  JsonText& BeginArray();
  JsonText& EndArray();
  JsonText& Name(std::string_view name);
  JsonText& Text(std::string_view value);
  JsonText& Integer(std::int64_t value);
  JsonText& Number(double value);
  JsonText& Boolean(bool value);
  JsonText& Null();
  JsonText& Raw(std::string_view json);

  std::string Take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The shapes that several answers share.
void WriteViolations(JsonText& json, const std::vector<domain::Violation>& violations);
void WriteFaults(JsonText& json, const std::vector<domain::Fault>& faults);
void WriteOptional(JsonText& json, const std::optional<std::string>& text);

}  // namespace volcanion::api
