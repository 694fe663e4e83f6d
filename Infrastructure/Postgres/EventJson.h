#pragma once

#include "Domain/Result.h"
#include "Domain/Violation.h"

#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// The forms in which the write store keeps why an event is invalid or was rejected.
std::string ViolationsToJson(const std::vector<domain::Violation>& violations);
/// Reads what ViolationsToJson() wrote, now or before violations had a schemaPointer; empty for anything else.
std::vector<domain::Violation> ViolationsFromJson(std::string_view json);
std::string FaultsToJson(const std::vector<domain::Fault>& faults);

}  // namespace volcanion::infrastructure
