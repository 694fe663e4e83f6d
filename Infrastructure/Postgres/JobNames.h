#pragma once

#include "Application/Ports/Jobs.h"

#include <string_view>

namespace volcanion::infrastructure {

/// As the columns of write.background_jobs have them; what reads throws std::runtime_error for anything else.
std::string_view NameOf(application::JobKind kind);
std::string_view NameOf(application::JobState state);
application::JobKind JobKindFromName(std::string_view name);
application::JobState JobStateFromName(std::string_view name);

}  // namespace volcanion::infrastructure
