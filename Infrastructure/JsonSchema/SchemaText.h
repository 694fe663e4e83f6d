#pragma once

#include "Domain/Result.h"
#include "Infrastructure/JsonSchema/JsonDocument.h"
#include "Infrastructure/JsonSchema/SchemaKeywords.h"

#include <memory>
#include <string_view>

namespace volcanion::infrastructure {

/// A schema that was read, and the draft that it is to be read by. Its keywords are not checked.
struct SchemaText {
  std::unique_ptr<const JsonDocument> document;
  Draft draft;
};

/// kInvalid with one fault when the text is larger than 1 MiB, no JSON, nested deeper than 100 levels, no schema, or
/// declares a draft that is not supported in `$schema`. Without `$schema` it is draft 7.
domain::Result<SchemaText> ReadSchema(std::string_view text);

}  // namespace volcanion::infrastructure
