#include "tests/unit/RandomSchemas.h"

#include <array>

namespace volcanion::test::json_schema {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"a", "b", "c"};
constexpr std::array<std::string_view, 6> kTypes = {"null", "boolean", "integer", "number", "string", "object"};
constexpr std::array<std::string_view, 7> kNumbers = {"0", "1", "1.0", "2", "1.5", "-1", "3"};
constexpr std::array<std::string_view, 4> kDivisors = {"1", "0.5", "2", "3"};
constexpr std::array<std::string_view, 14> kScalars = {
    "null", "true", "false", "0", "1", "1.0", "2", "1.5", "-1", "3", R"("")", R"("a")", R"("b")", R"("abc")"};
constexpr std::array<std::string_view, 4> kPatterns = {"^a", "^[ab]$", "b", "^$"};
constexpr std::array<std::string_view, 3> kFormats = {"date", "ipv4", "colour"};

template <typename List>
std::string_view OneOf(const List& list, std::size_t decision) {
  return list[decision % list.size()];
}

class Writer {
 public:
  Writer(const Decisions& decisions, int draft) : decisions_(decisions), draft_(draft) {}

  std::string Root() {
    std::string definition = Schema(1);
    if (definition.starts_with(R"({"$ref")")) definition = R"({"items":)" + definition + "}";
    const std::string definitions = R"("definitions":{"d":)" + definition + "}";
    std::string schema = Schema(3);
    if (schema == "true") schema = "{}";
    if (schema == "false") schema = R"({"type":"string"})";
    if (schema.starts_with(R"({"$ref")")) schema = R"({"allOf":[)" + schema + "]}";
    const std::string uri =
        draft_ == 7 ? "" : R"("$schema":"http://json-schema.org/draft-0)" + std::to_string(draft_) + R"(/schema#",)";
    return "{" + uri + definitions + (schema == "{}" ? "" : ",") + schema.substr(1);
  }

 private:
  std::size_t Next() { return at_ < decisions_.size() ? decisions_[at_++] : 0; }
  std::size_t Next(std::size_t below) { return Next() % below; }

  std::string Schema(int depth) {
    const std::size_t kind = Next(16);
    if (kind == 0) return draft_ == 4 ? R"({"not":{}})" : "false";
    if (kind == 1) return draft_ == 4 ? "{}" : "true";
    if (kind == 2 && depth < 3) return R"({"$ref":"#/definitions/d"})";
    std::string members;
    const std::size_t count = 1 + Next(3);
    unsigned written = 0;
    for (std::size_t i = 0; i < count; ++i) Keyword(depth, members, written);
    return "{" + members + "}";
  }

  /// Each at most once in a schema.
  void Keyword(int depth, std::string& members, unsigned& written) {
    const std::size_t keyword = Next(depth > 0 ? 28 : 13);
    if ((written >> keyword & 1U) != 0) return;
    written |= 1U << keyword;
    const std::string text = KeywordText(keyword, depth);
    if (text.empty()) return;
    if (!members.empty()) members += ',';
    members += text;
  }

  std::string KeywordText(std::size_t keyword, int depth) {
    const auto number = [&] { return std::string(OneOf(kNumbers, Next())); };
    const auto count = [&] { return std::to_string(Next(4)); };
    const auto below = [&] { return Schema(depth - 1); };
    const bool old = draft_ == 4;
    switch (keyword) {
      case 0:
        return R"("type":")" + std::string(OneOf(kTypes, Next())) + '"';
      case 1:
        return R"("type":[")" + std::string(OneOf(kTypes, Next())) + R"(","array"])";
      case 2:
        return R"("enum":[)" + Scalar() + "," + Scalar() + "," + Scalar() + "]";
      case 3:
        return old ? "" : R"("const":)" + Scalar();
      case 4:
        return R"("minimum":)" + number() + (old && Next(2) ? R"(,"exclusiveMinimum":true)" : "");
      case 5:
        return R"("maximum":)" + number() + (old && Next(2) ? R"(,"exclusiveMaximum":true)" : "");
      case 6:
        return old ? "" : (Next(2) ? R"("exclusiveMinimum":)" : R"("exclusiveMaximum":)") + number();
      case 7:
        return R"("multipleOf":)" + std::string(OneOf(kDivisors, Next()));
      case 8:
        return R"("minLength":)" + count();
      case 9:
        return R"("maxLength":)" + count();
      case 10:
        return R"("pattern":")" + std::string(OneOf(kPatterns, Next())) + '"';
      case 11:
        return R"("format":")" + std::string(OneOf(kFormats, Next())) + '"';
      case 12:
        return R"("required":[)" + Name() + (Next(2) ? "," + Name() : "") + "]";
      case 13:
      case 14:
      case 15:
        return R"("properties":{)" + Properties(depth) + "}";
      case 16:
        return R"("patternProperties":{")" + std::string(OneOf(kPatterns, Next())) + R"(":)" + below() + "}";
      case 17:
      case 18:
        return R"("additionalProperties":)" + (Next(2) ? "false" : below());
      case 19:
        return old ? "" : R"("propertyNames":)" + below();
      case 20:
        return R"("dependencies":{)" + Name() + ":" + (Next(2) ? "[" + Name() + "]" : below()) + "}";
      case 21:
        return R"("items":)" + below() + (Next(2) ? R"(,"minItems":)" : R"(,"maxItems":)") + count();
      case 22:
        return R"("items":[)" + below() + (Next(2) ? "," + below() : "") + R"(],"additionalItems":)" +
               (Next(2) ? "false" : below());
      case 23:
        return (old ? R"("uniqueItems":true)" : Next(2) ? R"("uniqueItems":true)" : R"("contains":)" + below());
      case 24:
        return R"("anyOf":[)" + below() + "," + below() + "]";
      case 25:
        return R"("oneOf":[)" + below() + "," + below() + "]";
      case 26:
        return Next(2) ? R"("not":)" + below() : R"("allOf":[)" + below() + "," + below() + "]";
      default:
        if (draft_ == 7) return R"("if":)" + below() + R"(,"then":)" + below() + R"(,"else":)" + below();
        return (Next(2) ? R"("minProperties":)" : R"("maxProperties":)") + count();
    }
  }

  std::string Properties(int depth) {
    std::string text;
    for (const std::string_view name : kNames) {
      if (Next(2) == 0) continue;
      if (!text.empty()) text += ',';
      text += '"' + std::string(name) + R"(":)" + Schema(depth - 1);
    }
    return text;
  }

  std::string Scalar() { return std::string(OneOf(kScalars, Next())); }
  std::string Name() { return '"' + std::string(OneOf(kNames, Next())) + '"'; }

  const Decisions& decisions_;
  const int draft_;
  std::size_t at_ = 1;
};

}  // namespace

Decisions RandomDecisions(std::mt19937& random, std::size_t count) {
  Decisions decisions(count);
  for (std::uint8_t& decision : decisions) decision = static_cast<std::uint8_t>(random());
  return decisions;
}

Decisions Changed(Decisions decisions, std::mt19937& random) {
  for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
    // The first ones are used, the last ones may not be.
    decisions[random() % (1 + random() % decisions.size())] = static_cast<std::uint8_t>(random());
  }
  return decisions;
}

std::string SchemaOf(const Decisions& decisions, bool drafts) {
  static constexpr std::array<int, 4> kDrafts = {4, 6, 7, 7};
  return Writer(decisions, drafts ? kDrafts[decisions.front() % kDrafts.size()] : 7).Root();
}

std::string RandomDocument(std::mt19937& random, int depth) {
  const std::size_t kind = depth > 0 ? random() % 8 : 0;
  if (kind < 3) return std::string(OneOf(kScalars, random()));
  std::string text;
  const auto comma = [&] {
    if (!text.empty()) text += ',';
  };
  if (kind < 7) {
    static constexpr std::array<std::string_view, 5> kMemberNames = {"a", "b", "c", "ab", ""};
    for (const std::string_view name : kMemberNames) {
      if (random() % 3 != 0) continue;
      comma();
      text += '"' + std::string(name) + R"(":)" + RandomDocument(random, depth - 1);
    }
    return "{" + text + "}";
  }
  for (std::size_t count = random() % 4; count > 0; --count) {
    comma();
    text += RandomDocument(random, depth - 1);
  }
  return "[" + text + "]";
}

bool IsValid(const application::CompiledSchema& schema, std::string_view document) {
  return schema.Judge(document).is_valid();
}

}  // namespace volcanion::test::json_schema
