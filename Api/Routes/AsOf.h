#pragma once

#include "Api/Json/JsonText.h"
#include "Application/Ports/EventReader.h"
#include "Domain/Timestamp.h"

namespace volcanion::api {

/// Writes the member `asOf`: what an answer from the read store reflects.
void WriteAsOf(JsonText& json, const application::Freshness& freshness, domain::Timestamp now);

}  // namespace volcanion::api
