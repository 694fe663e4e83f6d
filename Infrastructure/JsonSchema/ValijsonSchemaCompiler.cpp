#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"

#include "Infrastructure/JsonSchema/JsonDocument.h"
#include "Infrastructure/JsonSchema/Judge.h"
#include "Infrastructure/JsonSchema/SchemaModel.h"
#include "Infrastructure/JsonSchema/SchemaRewriter.h"
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

constexpr std::size_t kMaxSchemaBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxSchemaDepth = 100;
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
  return {domain::ErrorKind::kInvalid, "the schema cannot be used", std::move(faults)};
}

domain::Error Refusal(std::string pointer, std::string code, std::string message) {
  return Refusal({{std::move(pointer), std::move(code), std::move(message)}});
}

/// The draft that `$schema` declares; 7 where it is absent.
domain::Result<Draft> DeclaredDraft(const JsonValue& schema) {
  const JsonValue* declared = schema.IsObject() ? schema.Find("$schema") : nullptr;
  if (declared == nullptr) return Draft::k7;
  if (!declared->IsString()) return Refusal("/$schema", "invalid_keyword", "must be a string");
  std::string_view uri = declared->text();
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  while (uri.ends_with('#') || uri.ends_with('/')) uri.remove_suffix(1);
  if (uri == "json-schema.org/draft-07/schema") return Draft::k7;
  if (uri == "json-schema.org/draft-06/schema") return Draft::k6;
  if (uri == "json-schema.org/draft-04/schema") return Draft::k4;
  std::string name = Quote(*declared);
  if (uri == "json-schema.org/draft/2019-09/schema") name = "draft 2019-09";
  if (uri == "json-schema.org/draft/2020-12/schema") name = "draft 2020-12";
  return Refusal(
      "/$schema", "unsupported_draft",
      name + " is not supported: declare draft 4, 6 or 7, as in \"http://json-schema.org/draft-07/schema#\"");
}

}  // namespace

domain::Result<std::shared_ptr<const application::CompiledSchema>> ValijsonSchemaCompiler::Compile(
    std::string_view schema) const {
  if (schema.size() > kMaxSchemaBytes) return Refusal("", "too_large", "must not be larger than 1 MiB");
  auto text = std::make_unique<JsonDocument>();
  const JsonDocument::Outcome read = text->Read(schema, kMaxSchemaDepth);
  if (!read.ok) return Refusal("", "malformed", "the schema " + read.reason);

  const JsonValue& root = text->root();
  const domain::Result<Draft> draft = DeclaredDraft(root);
  if (!draft) return draft.error();
  if (!CanBeSchema(root, *draft)) return Refusal("", "not_a_schema", "a schema must be an object or a boolean");

  std::vector<domain::Fault> faults;
  RewrittenSchema rewritten = SchemaRewriter(root, *draft, faults).Run();
  if (!faults.empty()) return Refusal(std::move(faults));

  try {
    auto model = std::make_unique<const SchemaModel>(std::move(rewritten));
    return {std::make_shared<const ValijsonCompiledSchema>(std::move(text), std::move(model), limits_)};
  } catch (const std::exception& refused) {
    return Refusal("", "invalid_schema", Cut(refused.what(), 200));
  }
}

}  // namespace volcanion::infrastructure
