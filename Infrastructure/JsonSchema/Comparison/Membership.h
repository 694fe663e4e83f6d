#pragma once

#include "Infrastructure/JsonSchema/Comparison/SchemaPlace.h"

namespace volcanion::infrastructure {

/// Whether all the texts that are equal to a value are valid, or none is. They differ where draft 4 takes 1 and
/// not 1.0.
enum class Fits { kNo, kUnknown, kYes };

/// Judges a value of `enum` or `const` by a schema within a document. The Judge cannot do that: it knows whole schemas
/// that were compiled, and one text of a value.
Fits FitsSchema(const JsonValue& value, const SchemaPlace& place, ComparisonWork& work);

/// The same for one keyword of the schema, together with the keywords that it is read with.
Fits FitsKeyword(const JsonValue& value, const SchemaPlace& place, const JsonMember& keyword, ComparisonWork& work);

}  // namespace volcanion::infrastructure
