#pragma once

#include "Api/Json/JsonText.h"
#include "Application/Ports/Jobs.h"

namespace volcanion::api {

/// A job as the API shows it, with what it found when it has that.
void WriteJob(JsonText& json, const application::Job& job);

}  // namespace volcanion::api
