#pragma once

#include "Application/Ports/Jobs.h"

#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// The forms in which the write store keeps jobs. What reads takes what its writer wrote, and throws std::runtime_error
/// for anything else: a row that nobody else may have written.
std::string ToJson(const application::JudgingRequest& request);
std::string ToJson(const application::JudgingReport& report);
std::string ToJson(const application::JobCheckpoint& checkpoint);

application::JudgingRequest JudgingRequestFromJson(std::string_view json);
application::JudgingReport JudgingReportFromJson(std::string_view json);
application::JobCheckpoint JobCheckpointFromJson(std::string_view json);

}  // namespace volcanion::infrastructure
