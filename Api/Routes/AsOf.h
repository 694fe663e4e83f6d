#pragma once

#include "Api/Json/JsonText.h"
#include "Application/Ports/EventReader.h"
#include "Domain/Timestamp.h"

#include <string>

namespace volcanion::api {

/// Writes the member `asOf`: what an answer from the read store reflects.
void WriteAsOf(JsonText& json, const application::Freshness& freshness, domain::Timestamp now);

/// The value of that member, for the header X-As-Of of an answer that has no members.
std::string AsOfHeader(const application::Freshness& freshness, domain::Timestamp now);

}  // namespace volcanion::api
