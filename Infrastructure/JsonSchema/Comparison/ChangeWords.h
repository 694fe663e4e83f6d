#pragma once

#include "Application/Ports/SchemaComparer.h"

#include <optional>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// How what one version takes relates to what the other version asks.
enum class Trend { kUp, kDown, kOther };

/// A sentence and a code about a keyword, told from the old version to the new one. `taken` is what the version has
/// whose documents are looked at, if anything, `asked` what the version has that refuses some of them, and the trend
/// leads from the first to the second. "maximum lowered from 1000 to 100", "maxLength 20 added": `maximum_lowered`.
struct ChangeWords {
  std::string code;
  std::string message;
};
ChangeWords WordsFor(application::SchemaChange::Breaks breaks, std::string_view keyword,
                     const std::optional<std::string>& taken, const std::string& asked, Trend trend);

/// additionalProperties: additional_properties.
std::string SnakeCase(std::string_view keyword);

}  // namespace volcanion::infrastructure
