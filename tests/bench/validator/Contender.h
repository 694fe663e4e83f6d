#pragma once

#include <functional>
#include <string_view>

namespace volcanion::bench {

/// Whether a text of JSON is valid by the schema that the judge was made with; parses it each time.
using JudgeText = std::function<bool(std::string_view)>;

// Each throws std::runtime_error when it cannot use the schema.

/// What the product does.
JudgeText MakeOurs(std::string_view schema);
/// RapidJSON's SchemaValidator, fed by its reader without a document between, and used again for each text.
JudgeText MakeRapidJson(std::string_view schema);
/// valijson as it comes: a RapidJSON document for each text, and one validator for all.
JudgeText MakePlainValijson(std::string_view schema);

}  // namespace volcanion::bench
