#pragma once

#include "Domain/Result.h"
#include "Infrastructure/JsonSchema/EcmaPattern.h"
#include "Infrastructure/JsonSchema/JsonValue.h"
#include "Infrastructure/JsonSchema/Rule.h"
#include "Infrastructure/JsonSchema/SchemaKeywords.h"
#include "Infrastructure/JsonSchema/SchemaReferences.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace volcanion::infrastructure {

/// Two keywords of our own in rewritten schemas. Only the rewriter can write them: it keeps no keyword it does not
/// know.
inline constexpr std::string_view kRulesKeyword = "volcanion:rules";    ///< [first, count] of RewrittenSchema::rules
inline constexpr std::string_view kTargetKeyword = "volcanion:target";  ///< an index into RewrittenSchema::parts

/// A schema as valijson loads it without harm: without references, holding only what valijson's model keeps exactly.
/// What it would lose (numbers beyond a double, patterns, formats, values to compare with) is in rules beside. Names of
/// members are written as indexes of `names`, because valijson would cut them at a NUL and copy them for every schema
/// below.
struct RewrittenSchema {
  struct Part {
    std::string pointer;  // where it stands in the schema
    Draft draft;
  };
  std::string text;         // an array of schemas: a list under `items`
  std::vector<Part> parts;  // one for each of them: the schema itself, then each target of a reference
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Rule>> rules;
  std::map<std::string, std::shared_ptr<const EcmaPattern>, std::less<>> patterns;  // by source
};

/// Checks every keyword of the schema, which must outlive the result, and rewrites it. The result may be used only when
/// no fault was added.
class SchemaRewriter {
 public:
  SchemaRewriter(const JsonValue& root, Draft draft, std::vector<domain::Fault>& faults);

  RewrittenSchema Run();

 private:
  struct Step;
  using Rules = std::vector<std::unique_ptr<Rule>>;

  void Rewrite(const JsonValue& schema, const Step& at, bool may_refer, std::string& out);
  void RewriteKeyword(const JsonValue& schema, const Keyword& keyword, const JsonValue& value, const Step& at,
                      Rules& rules, std::string& out);
  void RewriteList(const JsonValue& list, const Step& at, std::string& out);
  void RewriteMap(const JsonValue& map, const Step& at, std::string& out);
  void AppendName(std::string_view name, std::string& out);
  void RewriteNames(const JsonValue& names, const Step& at, std::string& out);
  void RewriteTypes(const JsonValue& types, const Step& at, std::string& out);
  void AddNumberRule(const JsonValue& schema, const Keyword& keyword, const JsonValue& value, const Step& at,
                     Rules& rules);
  void RefuseRequired(const Step& at);
  /// Null when it was refused.
  std::shared_ptr<const EcmaPattern> Pattern(std::string_view source, const Step& at);
  void Refuse(const Step& at, std::string code, std::string message);
  void Refuse(const Step& at, std::string message) { Refuse(at, "invalid_keyword", std::move(message)); }

  const JsonValue& root_;
  Draft draft_;  // of the part that is being rewritten
  std::vector<domain::Fault>& faults_;
  SchemaReferences references_;
  RewrittenSchema result_;
  std::unordered_map<std::string_view, std::size_t> name_indexes_;
  std::size_t pattern_instructions_ = 0;
};

}  // namespace volcanion::infrastructure
