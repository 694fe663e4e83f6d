#pragma once

#include "Api/Json/JsonSplit.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::api {

/// Reads the members of a JSON object that a route expects, and notes every fault: missing, of another type, duplicate,
/// unknown. The text is borrowed.
class BodyReader {
 public:
  /// kMalformed or kInvalid when the text is no JSON object.
  static domain::Result<BodyReader> Open(std::string_view text);

  /// Whether the member is there, null included.
  bool Has(std::string_view name) const;
  std::string RequiredString(std::string_view name);
  std::optional<std::string> OptionalString(std::string_view name);
  /// A whole number that fits; a fault otherwise, and 0.
  int RequiredInteger(std::string_view name);
  /// Nothing when it is missing or null; a fault for anything but a whole number that fits, or but true and false.
  std::optional<int> OptionalInteger(std::string_view name);
  std::optional<bool> OptionalBoolean(std::string_view name);
  /// The members of an object.
  std::optional<BodyReader> OptionalObject(std::string_view name);
  /// Takes the faults of such an object over, below its name.
  void Adopt(std::string_view name, domain::Result<domain::Done> finished);
  /// The JSON text of a member of any type.
  std::string_view RequiredJson(std::string_view name);
  /// The JSON texts of an array's elements.
  std::vector<std::string> RequiredArray(std::string_view name);

  /// For what the caller found wrong itself.
  void Note(std::string_view name, std::string code, std::string message);
  /// Call last: kInvalid with all faults, those of members that nobody asked for included.
  domain::Result<domain::Done> Finish();

 private:
  BodyReader(std::string_view text, std::vector<JsonMember> members) : text_(text), members_(std::move(members)) {}
  JsonMember* Take(std::string_view name);
  int ReadInteger(std::string_view name, std::string_view digits);

  std::string_view text_;
  std::vector<JsonMember> members_;
  std::vector<std::string_view> asked_;
  std::vector<domain::Fault> faults_;
};

}  // namespace volcanion::api
