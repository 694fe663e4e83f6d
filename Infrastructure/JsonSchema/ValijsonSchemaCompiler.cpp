#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"

#include "Infrastructure/JsonSchema/JsonDocument.h"
#include "Infrastructure/JsonSchema/Judge.h"
#include "Infrastructure/JsonSchema/SchemaModel.h"
#include "Infrastructure/JsonSchema/SchemaRewriter.h"
#include "Infrastructure/JsonSchema/SchemaText.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kMaxDocumentDepth = 128;
constexpr std::size_t kMaxViolations = 100;

// Enough for any schema that people write; some tens of milliseconds.
constexpr std::uint64_t kStepsPerDocument = 1'000'000;
constexpr std::uint64_t kStepsPerByte = 4;

std::vector<domain::Violation> Unjudged(std::string message) { return {{"", "unjudged", std::move(message)}}; }

class ValijsonCompiledSchema final : public application::CompiledSchema {
 public:
  ValijsonCompiledSchema(std::unique_ptr<const JsonDocument> text, std::unique_ptr<const SchemaModel> model,
                         Draft draft)
      : text_(std::move(text)), model_(std::move(model)), draft_(draft) {}

  std::vector<domain::Violation> Judge(std::string_view json) const override {
    try {
      static thread_local JsonDocument document;
      const JsonDocument::Outcome read = document.Read(json, kMaxDocumentDepth);
      if (!read.ok) return Unjudged("could not be judged: the document " + read.reason);
      return JudgeValue(document.root(), kStepsPerDocument + kStepsPerByte * json.size());
    } catch (const std::exception&) {
      // Memory, if anything. The port promises a verdict.
      return Unjudged("could not be judged");
    }
  }

 private:
  std::vector<domain::Violation> JudgeValue(const JsonValue& value, std::uint64_t max_steps) const {
    ViolationLog log(kMaxViolations);
    infrastructure::Judge judge(*model_, draft_, max_steps);
    const bool valid = judge.Run(value, log);
    if (judge.gave_up()) {
      return Unjudged("could not be judged: the schema asks for more steps than a document of this size may take");
    }
    if (valid) return {};
    return log.TakeInOrder();
  }

  std::unique_ptr<const JsonDocument> text_;  // the rules hold views of it
  std::unique_ptr<const SchemaModel> model_;
  Draft draft_;
};

domain::Error Refusal(std::vector<domain::Fault> faults) {
  return {domain::ErrorKind::kInvalid, "the schema cannot be used", std::move(faults)};
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

  const std::vector<std::string> pointers = rewritten.pointers;
  std::size_t part = 0;
  try {
    auto model = std::make_unique<const SchemaModel>(std::move(rewritten), part);
    return {std::make_shared<const ValijsonCompiledSchema>(std::move(text->document), std::move(model), text->draft)};
  } catch (const std::exception& refused) {
    return Refusal(part < pointers.size() ? pointers[part] : "", "invalid_schema", Cut(refused.what(), 200));
  }
}

}  // namespace volcanion::infrastructure
