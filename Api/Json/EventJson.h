#pragma once

#include "Api/Json/JsonText.h"
#include "Application/Ports/EventReader.h"

namespace volcanion::api {

/// Writes the members of an event of the read model, within an object.
void WriteEventMembers(JsonText& json, const application::EventRow& event);

}  // namespace volcanion::api
