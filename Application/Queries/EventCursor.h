#pragma once

#include "Application/Ports/EventReader.h"

#include <optional>
#include <string>
#include <string_view>

namespace volcanion::application {

/// The text that stands for "behind this row of this question": base64url, opaque to clients.
std::string WriteCursor(const EventQuery& question, const EventKey& last);

/// The row; nothing when the text is no cursor, or one of another question: other systems, other filters or another
/// order. The limit may differ.
std::optional<EventKey> ReadCursor(const EventQuery& question, std::string_view cursor);

}  // namespace volcanion::application
