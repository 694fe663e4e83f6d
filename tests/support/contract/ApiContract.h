#pragma once

#include "Application/Ports/SchemaCompiler.h"
#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"
#include "tests/support/RawClient.h"

#include <rapidjson/document.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::test {

/// What Api/openapi.yaml promises, to hold answers against: with the validator that judges events. Schemas of objects
/// are closed first: a member that is not described is a fault. Thread-safe.
class ApiContract {
 public:
  /// Of the document that this build embeds.
  static ApiContract& Get();

  /// What is wrong with an answer to that request; nothing when it is as described. Statuses that any request may get
  /// for how it was sent need no description at their route, but must be problems.
  std::optional<std::string> FaultOf(std::string_view method, std::string_view path, const RawResponse& answer);
  /// "GET /api/partners/{id} 200" for each route and status that was asked about.
  std::set<std::string> Seen();
  /// The same for what is described, with one of these statuses.
  std::set<std::string> Described(const std::set<std::string>& statuses) const;

 private:
  ApiContract();
  /// The pattern that a path fits, one without parameters before others; nothing for none.
  std::optional<std::string> PatternOf(std::string_view path) const;
  const application::CompiledSchema* SchemaAt(const std::string& pointer);
  std::optional<std::string> Judge(const std::string& pointer, const std::string& body);

  rapidjson::Document document_;
  std::string text_;  // the same, after its schemas were closed
  infrastructure::ValijsonSchemaCompiler compiler_;

  std::mutex mutex_;  // guards those below
  std::map<std::string, std::shared_ptr<const application::CompiledSchema>> schemas_;
  std::set<std::string> seen_;
};

}  // namespace volcanion::test
