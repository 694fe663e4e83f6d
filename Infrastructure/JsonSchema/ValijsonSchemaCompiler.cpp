#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"

#include "Infrastructure/JsonSchema/JsonDocument.h"
#include "Infrastructure/JsonSchema/Judge.h"
#include "Infrastructure/JsonSchema/SchemaModel.h"
#include "Infrastructure/JsonSchema/SchemaRewriter.h"
#include "Infrastructure/JsonSchema/SchemaText.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kMaxDocumentDepth = 128;
constexpr std::size_t kMaxViolations = 100;

class ValijsonCompiledSchema final : public application::CompiledSchema {
 public:
  ValijsonCompiledSchema(std::unique_ptr<const JsonDocument> text, std::unique_ptr<const SchemaModel> model,
                         const JudgingLimits& limits)
      : text_(std::move(text)), model_(std::move(model)), limits_(limits) {}

  domain::Verdict Judge(std::string_view json, application::JudgingBudget& budget) const override {
    if (budget.left <= std::chrono::nanoseconds::zero()) {
      return domain::Unjudged("could not be judged: the documents before it have used up the time of the request");
    }
    try {
      static thread_local JsonDocument document;
      const JsonDocument::Outcome read = document.Read(json, kMaxDocumentDepth);
      if (!read.ok) return domain::Unjudged("could not be judged: the document " + read.reason);
      Effort effort(limits_.steps + limits_.steps_per_byte * json.size(), std::min(limits_.time, budget.left));
      domain::Verdict verdict = JudgeValue(document.root(), effort);
      budget.left -= effort.Used();
      return verdict;
    } catch (const std::exception&) {
      // Memory, if anything. The port promises a verdict.
      return domain::Unjudged("could not be judged");
    }
  }

 private:
  domain::Verdict JudgeValue(const JsonValue& value, Effort& effort) const {
    ViolationLog log(kMaxViolations);
    const bool valid = infrastructure::Judge(*model_, effort).Run(value, log);
    switch (effort.end()) {
      case Effort::End::kNone:
        break;
      case Effort::End::kSteps:
        return domain::Unjudged(
            "could not be judged: the schema asks for more steps than a document of this size may "
            "take");
      case Effort::End::kTime:
        return domain::Unjudged("could not be judged: it would have taken too long");
      case Effort::End::kDepth:
        return domain::Unjudged("could not be judged: the schema leads too deep into itself");
    }
    if (valid) return {};
    return {domain::Verdict::Outcome::kInvalid, log.TakeInOrder()};
  }

  std::unique_ptr<const JsonDocument> text_;  // the rules hold views of it
  std::unique_ptr<const SchemaModel> model_;
  JudgingLimits limits_;
};

domain::Error Refusal(std::vector<domain::Fault> faults) {
  return {domain::ErrorKind::kInvalid, "The schema cannot be used.", std::move(faults)};
}

domain::Error Refusal(std::string pointer, std::string code, std::string message) {
  return Refusal({{std::move(pointer), std::move(code), std::move(message)}});
}

}  // namespace

domain::Result<std::shared_ptr<const application::CompiledSchema>> ValijsonSchemaCompiler::Compile(
    std::string_view schema) const {
  domain::Result<SchemaText> text = ReadSchema(schema);
  if (!text) return text.error();

  std::vector<domain::Fault> faults;
  RewrittenSchema rewritten = SchemaRewriter(text->document->root(), text->draft, faults).Run();
  if (!faults.empty()) return Refusal(std::move(faults));

  try {
    auto model = std::make_unique<const SchemaModel>(std::move(rewritten));
    return {std::make_shared<const ValijsonCompiledSchema>(std::move(text->document), std::move(model), limits_)};
  } catch (const std::exception& refused) {
    return Refusal("", "invalid_schema", Cut(refused.what(), 200));
  }
}

}  // namespace volcanion::infrastructure
