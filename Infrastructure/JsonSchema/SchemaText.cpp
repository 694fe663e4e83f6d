#include "Infrastructure/JsonSchema/SchemaText.h"

#include "Infrastructure/JsonSchema/Wording.h"

#include <cstddef>
#include <string>
#include <utility>

namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kMaxSchemaBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxSchemaDepth = 100;

domain::Error Refusal(std::string pointer, std::string code, std::string message) {
  return {domain::ErrorKind::kInvalid,
          "The schema cannot be used.",
          {{std::move(pointer), std::move(code), std::move(message)}}};
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

domain::Result<SchemaText> ReadSchema(std::string_view text) {
  if (text.size() > kMaxSchemaBytes) return Refusal("", "too_large", "must not be larger than 1 MiB");
  auto document = std::make_unique<JsonDocument>();
  const JsonDocument::Outcome read = document->Read(text, kMaxSchemaDepth);
  if (!read.ok) return Refusal("", "malformed", "the schema " + read.reason);
  const domain::Result<Draft> draft = DeclaredDraft(document->root());
  if (!draft) return draft.error();
  if (!CanBeSchema(document->root(), *draft)) {
    return Refusal("", "not_a_schema", "a schema must be an object or a boolean");
  }
  return SchemaText{std::move(document), *draft};
}

}  // namespace volcanion::infrastructure
