#pragma once

#include "Infrastructure/JsonSchema/EcmaPattern.h"
#include "Infrastructure/JsonSchema/Format.h"
#include "Infrastructure/JsonSchema/Rule.h"

#include <memory>

namespace volcanion::infrastructure {

std::unique_ptr<Rule> MakePatternRule(std::shared_ptr<const EcmaPattern> pattern);
std::unique_ptr<Rule> MakeFormatRule(Format format);

}  // namespace volcanion::infrastructure
