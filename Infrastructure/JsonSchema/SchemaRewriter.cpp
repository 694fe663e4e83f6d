#include "Infrastructure/JsonSchema/SchemaRewriter.h"

#include "Domain/JsonPointer.h"
#include "Infrastructure/JsonSchema/Decimal.h"
#include "Infrastructure/JsonSchema/TextRules.h"
#include "Infrastructure/JsonSchema/ValueRules.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <utility>

namespace volcanion::infrastructure {
namespace {

// Each may take up to a megabyte once it is used.
constexpr std::size_t kMaxPatterns = 256;
constexpr std::size_t kMaxPatternInstructions = 300'000;  // of all together

constexpr std::array<std::string_view, 7> kTypeNames = {"array",  "boolean", "integer", "null",
                                                        "number", "object",  "string"};

void AppendMember(std::string_view keyword, std::string& out) {
  if (out.back() != '{') out += ',';
  AppendJsonString(keyword, out);
  out += ':';
}

void AppendTarget(std::size_t index, std::string& out) {
  out += "{\"" + std::string(kTargetKeyword) + "\":" + std::to_string(index) + "}";
}

std::optional<Bound> BoundOf(std::string_view keyword) {
  if (keyword == "minimum") return Bound::kMinimum;
  if (keyword == "maximum") return Bound::kMaximum;
  if (keyword == "exclusiveMinimum") return Bound::kExclusiveMinimum;
  if (keyword == "exclusiveMaximum") return Bound::kExclusiveMaximum;
  return std::nullopt;
}

}  // namespace

/// Where the rewriter stands, as a chain on the stack: the pointer is written only for a fault.
struct SchemaRewriter::Step {
  const Step* parent;
  std::string_view token;  // at the start of a chain: a whole pointer

  Step operator/(std::string_view below) const { return {this, below}; }
  std::string Pointer() const {
    if (parent == nullptr) return std::string(token);
    std::string pointer = parent->Pointer();
    domain::AppendPointerToken(token, pointer);
    return pointer;
  }
};

SchemaRewriter::SchemaRewriter(const JsonValue& root, Draft draft, std::vector<domain::Fault>& faults)
    : root_(root), draft_(draft), faults_(faults), references_(root, draft, faults) {}

RewrittenSchema SchemaRewriter::Run() {
  if (references_.too_many()) return {};
  std::string& text = result_.text;
  const auto add = [&](const JsonValue& schema, const std::string& pointer, Draft draft) {
    draft_ = draft;
    if (!result_.parts.empty()) text += ',';
    result_.parts.push_back({pointer, draft});
    Rewrite(schema, Step{nullptr, pointer}, false, text);
  };
  text = "{\"items\":[";
  add(root_, "", draft_);
  for (const SchemaReferences::Target& target : references_.targets()) {
    add(*target.schema, target.pointer, target.draft);
  }
  text += "]}";
  return std::move(result_);
}

/// An index that stands for the name, in quotes.
void SchemaRewriter::AppendName(std::string_view name, std::string& out) {
  const auto [known, added] = name_indexes_.emplace(name, result_.names.size());
  if (added) result_.names.emplace_back(name);
  out += "\"" + std::to_string(known->second) + "\"";
}

void SchemaRewriter::Rewrite(const JsonValue& schema, const Step& at, bool may_refer, std::string& out) {
  if (!CanBeSchema(schema, draft_)) {
    out += "{}";
    return Refuse(at, draft_ == Draft::k4 ? "must be a schema: an object" : "must be a schema: an object or a boolean");
  }
  if (may_refer) {
    if (const std::size_t* index = references_.IndexOf(schema)) return AppendTarget(*index + 1, out);
  }
  if (schema.IsBoolean()) {
    out += schema.IsTrue() ? "true" : "false";
    return;
  }
  if (ReferenceOf(schema) != nullptr) {
    if (const std::optional<std::size_t> index = references_.TargetOf(schema)) return AppendTarget(*index + 1, out);
    out += "{}";  // refused already
    return;
  }
  if (const JsonValue* reference = schema.Find("$ref"); reference != nullptr) Refuse(at / "$ref", "must be a string");

  Rules rules;
  out += '{';
  for (const JsonMember& member : schema.members()) {
    if (const Keyword* keyword = FindKeyword(member.name.text(), draft_)) {
      RewriteKeyword(schema, *keyword, member.value, at / keyword->name, rules, out);
    }
  }
  if (!rules.empty()) {
    AppendMember(kRulesKeyword, out);
    out += "[" + std::to_string(result_.rules.size()) + "," + std::to_string(rules.size()) + "]";
    std::move(rules.begin(), rules.end(), std::back_inserter(result_.rules));
  }
  out += '}';
}

void SchemaRewriter::RewriteKeyword(const JsonValue& schema, const Keyword& keyword, const JsonValue& value,
                                    const Step& at, Rules& rules, std::string& out) {
  if (keyword.name == "definitions") {
    // Checked like the rest; what is referred to is rewritten as a target.
    std::string unused;
    return RewriteMap(value, at, unused);
  }
  switch (keyword.shape) {
    case KeywordShape::kSchema:
      AppendMember(keyword.name, out);
      return Rewrite(value, at, true, out);
    case KeywordShape::kSchemaOrBoolean:
      AppendMember(keyword.name, out);
      if (!value.IsBoolean()) return Rewrite(value, at, true, out);
      out += value.IsTrue() ? "true" : "false";
      return;
    case KeywordShape::kSchemaList:
      AppendMember(keyword.name, out);
      if (!value.IsArray() || value.size() == 0) Refuse(at, "must be an array of at least one schema");
      return RewriteList(value, at, out);
    case KeywordShape::kSchemaMap:
    case KeywordShape::kPatternSchemaMap:
    case KeywordShape::kDependencies:
      AppendMember(keyword.name, out);
      if (keyword.shape == KeywordShape::kPatternSchemaMap && value.IsObject()) {
        for (const JsonMember& entry : value.members()) Pattern(entry.name.text(), at / entry.name.text());
      }
      return RewriteMap(value, at, out);
    case KeywordShape::kItems:
      AppendMember(keyword.name, out);
      return value.IsArray() ? RewriteList(value, at, out) : Rewrite(value, at, true, out);
    case KeywordShape::kCount: {
      if (!value.IsNumber() || !Decimal(value.text()).IsInteger() || Decimal(value.text()) < Decimal("0")) {
        return Refuse(at, "must be an integer of at least 0");
      }
      AppendMember(keyword.name, out);
      // No document comes near the largest count that valijson takes.
      const std::string written(value.text());
      const bool small = Decimal(written) < Decimal("1000000000000000");
      out +=
          small ? std::to_string(static_cast<std::int64_t>(std::strtod(written.c_str(), nullptr))) : "1000000000000000";
      return;
    }
    case KeywordShape::kNumber:
    case KeywordShape::kPositiveNumber:
      return AddNumberRule(schema, keyword, value, at, rules);
    case KeywordShape::kBoolean:
      if (!value.IsBoolean()) return Refuse(at, "must be true or false in " + std::string(NameOf(draft_)));
      if (keyword.name != "uniqueItems") return;
      AppendMember(keyword.name, out);
      out += value.IsTrue() ? "true" : "false";
      return;
    case KeywordShape::kNames:
      if (value.IsBoolean()) return RefuseRequired(at);
      AppendMember(keyword.name, out);
      return RewriteNames(value, at, out);
    case KeywordShape::kTypes:
      AppendMember(keyword.name, out);
      return RewriteTypes(value, at, out);
    case KeywordShape::kValues:
      if (!value.IsArray() || value.size() == 0) return Refuse(at, "must be an array of at least one value");
      return rules.push_back(MakeEnumRule("enum", value.elements()));
    case KeywordShape::kAnything:
      return rules.push_back(MakeEnumRule("const", {&value, 1}));
    case KeywordShape::kPattern:
      if (!value.IsString()) return Refuse(at, "must be a regular expression in a string");
      return rules.push_back(MakePatternRule(Pattern(value.text(), at)));
    case KeywordShape::kText:
      if (!value.IsString()) return Refuse(at, "must be a string");
      if (const std::optional<Format> format = FormatNamed(value.text())) rules.push_back(MakeFormatRule(*format));
      return;
  }
}

void SchemaRewriter::RewriteList(const JsonValue& list, const Step& at, std::string& out) {
  out += '[';
  if (list.IsArray()) {
    std::size_t index = 0;
    for (const JsonValue& element : list.elements()) {
      if (index != 0) out += ',';
      const std::string token = std::to_string(index++);
      Rewrite(element, at / token, true, out);
    }
  }
  out += ']';
}

void SchemaRewriter::RewriteMap(const JsonValue& map, const Step& at, std::string& out) {
  out += '{';
  if (!map.IsObject()) {
    out += '}';
    return Refuse(at, "must be an object of schemas");
  }
  const bool dependencies = at.token == "dependencies";
  for (const JsonMember& entry : map.members()) {
    if (out.back() != '{') out += ',';
    AppendName(entry.name.text(), out);
    out += ':';
    const Step below = at / entry.name.text();
    if (dependencies && entry.value.IsArray()) {
      RewriteNames(entry.value, below, out);
    } else {
      Rewrite(entry.value, below, true, out);
    }
  }
  out += '}';
}

void SchemaRewriter::RewriteNames(const JsonValue& names, const Step& at, std::string& out) {
  out += '[';
  if (!names.IsArray()) {
    Refuse(at, "must be an array of strings");
  } else {
    for (const JsonValue& name : names.elements()) {
      if (!name.IsString()) {
        Refuse(at, "must be an array of strings");
        break;
      }
      if (out.back() != '[') out += ',';
      AppendName(name.text(), out);
    }
  }
  out += ']';
}

void SchemaRewriter::RewriteTypes(const JsonValue& types, const Step& at, std::string& out) {
  const auto add = [&](const JsonValue& type) {
    if (type.IsString() && std::find(kTypeNames.begin(), kTypeNames.end(), type.text()) != kTypeNames.end()) {
      AppendJsonString(type.text(), out);
      return;
    }
    out += "\"null\"";
    Refuse(at, "must name types out of " + Alternatives(kTypeNames) + "; was " + Quote(type));
  };
  if (!types.IsArray()) return add(types);
  if (types.size() == 0) Refuse(at, "must name at least one type");
  out += '[';
  for (const JsonValue& type : types.elements()) {
    if (out.back() != '[') out += ',';
    add(type);
  }
  out += ']';
}

void SchemaRewriter::AddNumberRule(const JsonValue& schema, const Keyword& keyword, const JsonValue& value,
                                   const Step& at, Rules& rules) {
  if (!value.IsNumber()) {
    if (value.IsBoolean() && keyword.name.starts_with("exclusive")) {
      const std::string limit = keyword.name == "exclusiveMinimum" ? "minimum" : "maximum";
      return Refuse(at, "must be a number in " + std::string(NameOf(draft_)) + ": write the limit here and drop \"" +
                            limit + "\", or declare draft 4 in \"$schema\"");
    }
    return Refuse(at, "must be a number");
  }
  if (keyword.shape == KeywordShape::kPositiveNumber) {
    if (!Decimal(value.text()).IsPositive()) return Refuse(at, "must be greater than 0");
    std::unique_ptr<Rule> rule = MakeMultipleOfRule(value);
    if (rule == nullptr) return Refuse(at, "must not have more than 18 digits");
    return rules.push_back(std::move(rule));
  }
  std::optional<Bound> bound = BoundOf(keyword.name);
  if (draft_ == Draft::k4) {
    const JsonValue* exclusive = schema.Find(bound == Bound::kMinimum ? "exclusiveMinimum" : "exclusiveMaximum");
    if (exclusive != nullptr && exclusive->IsTrue()) {
      bound = bound == Bound::kMinimum ? Bound::kExclusiveMinimum : Bound::kExclusiveMaximum;
    }
  }
  rules.push_back(MakeBoundRule(keyword.name, *bound, value));
}

void SchemaRewriter::RefuseRequired(const Step& at) {
  const Step* property = at.parent;
  const bool named = property->parent != nullptr && property->parent->token == "properties";
  const std::string name = named ? Cut(property->token) : "name";
  Refuse(at, "obsolete_required",
         "must be an array of names since draft 4: write \"required\": [\"" + name +
             "\"] in the schema of the object that must have the property, beside its \"properties\"");
}

std::shared_ptr<const EcmaPattern> SchemaRewriter::Pattern(std::string_view source, const Step& at) {
  const auto known = result_.patterns.find(source);
  if (known != result_.patterns.end()) return known->second;
  if (faults_.size() >= kMaxFaults) return nullptr;
  if (result_.patterns.size() >= kMaxPatterns) {
    Refuse(at, "too_large", "is one pattern too many: a schema may have " + std::to_string(kMaxPatterns));
    return nullptr;
  }
  auto pattern = std::make_shared<const EcmaPattern>(source);
  pattern_instructions_ += pattern->size();
  if (pattern_instructions_ > kMaxPatternInstructions) {
    Refuse(at, "too_large", "is too much: the patterns of a schema may not repeat and combine that many characters");
    return nullptr;
  }
  if (!pattern->ok()) {
    Refuse(at, "invalid_pattern",
           "is a pattern that cannot be used (" + Cut(pattern->error(), 200) +
               "): look-around and back-references are not available");
    return nullptr;
  }
  result_.patterns.emplace(std::string(source), pattern);
  return pattern;
}

void SchemaRewriter::Refuse(const Step& at, std::string code, std::string message) {
  if (faults_.size() < kMaxFaults) faults_.push_back({at.Pointer(), std::move(code), std::move(message)});
}

}  // namespace volcanion::infrastructure
