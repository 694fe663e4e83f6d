#pragma once

#include "Api/Json/JsonSplit.h"
#include "Domain/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::cli {

/// A JSON object, with the exact text of each member. What is missing reads as what is empty: an older server may leave
/// members out.
class JsonObject {
 public:
  JsonObject() = default;
  /// kMalformed for what is no object.
  static domain::Result<JsonObject> Parse(std::string text);

  /// Whether the member is there and not null.
  bool Has(std::string_view name) const;
  /// Strings decoded, other values as they stand; empty for null.
  std::string Text(std::string_view name) const;
  std::int64_t Integer(std::string_view name) const;
  bool IsTrue(std::string_view name) const { return Text(name) == "true"; }
  /// The JSON text; "null" where there is none.
  std::string_view Raw(std::string_view name) const;
  JsonObject Object(std::string_view name) const;
  /// The objects of an array.
  std::vector<JsonObject> Objects(std::string_view name) const;

  const std::string& text() const { return text_; }

 private:
  const api::JsonMember* Find(std::string_view name) const;

  std::string text_ = "{}";
  std::vector<api::JsonMember> members_;
};

/// The text without the blanks between its tokens. `json` is JSON.
std::string WithoutBlanks(std::string_view json);

/// kMalformed, saying where, when the text is not exactly one JSON value.
domain::Result<domain::Done> CheckJson(std::string_view text);

}  // namespace volcanion::cli
