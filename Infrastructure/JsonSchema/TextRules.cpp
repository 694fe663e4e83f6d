#include "Infrastructure/JsonSchema/TextRules.h"

#include "Infrastructure/JsonSchema/Wording.h"

#include <utility>

namespace volcanion::infrastructure {
namespace {

class PatternRule final : public Rule {
 public:
  explicit PatternRule(std::shared_ptr<const EcmaPattern> pattern) : Rule("pattern"), pattern_(std::move(pattern)) {}

  bool Holds(const JsonValue& value) const override { return !value.IsString() || pattern_->Matches(value.text()); }

  std::string Complaint(const JsonValue& value) const override {
    return "must match the pattern " + Cut(pattern_->source()) + "; was " + Quote(value);
  }

  std::uint64_t Cost(const JsonValue& value) const override {
    return value.IsString() ? pattern_->Cost(value.size()) : 1;
  }

  std::uint64_t Risk(const JsonValue& value) const override {
    return value.IsString() ? pattern_->Risk(value.size()) : 0;
  }

 private:
  std::shared_ptr<const EcmaPattern> pattern_;
};

class FormatRule final : public Rule {
 public:
  explicit FormatRule(Format format) : Rule("format"), format_(format) {}

  bool Holds(const JsonValue& value) const override { return !value.IsString() || HasFormat(format_, value.text()); }

  std::string Complaint(const JsonValue& value) const override {
    return "must be " + std::string(ExampleOf(format_)) + "; was " + Quote(value);
  }

  std::uint64_t Cost(const JsonValue& value) const override { return value.IsString() ? 1 + value.size() / 16 : 1; }

 private:
  Format format_;
};

}  // namespace

std::unique_ptr<Rule> MakePatternRule(std::shared_ptr<const EcmaPattern> pattern) {
  return std::make_unique<PatternRule>(std::move(pattern));
}

std::unique_ptr<Rule> MakeFormatRule(Format format) { return std::make_unique<FormatRule>(format); }

}  // namespace volcanion::infrastructure
