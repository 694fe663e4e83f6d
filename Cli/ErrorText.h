#pragma once

#include "Domain/Result.h"

namespace volcanion::cli {

/// Tells of it on stderr: the message, and a line for each fault.
void TellError(const domain::Error& error);

}  // namespace volcanion::cli
