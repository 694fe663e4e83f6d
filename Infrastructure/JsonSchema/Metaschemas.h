#pragma once

#include "Infrastructure/JsonSchema/JsonValue.h"
#include "Infrastructure/JsonSchema/SchemaKeywords.h"

#include <string_view>

namespace volcanion::infrastructure {

/// The schema that describes the schemas of a draft. Built in, so that a reference to it needs no network.
struct Metaschema {
  Draft draft;
  std::string_view uri;  ///< without a fragment
  JsonValue root;        ///< lives as long as the program
};

/// The metaschema with that URI (http or https, without a fragment), or null. Thread-safe.
const Metaschema* FindMetaschema(std::string_view uri);

}  // namespace volcanion::infrastructure
