#pragma once

#include "Domain/Result.h"
#include "Infrastructure/Postgres/PqConnection.h"

namespace volcanion::infrastructure {

/// For workers, whose errors end in a log: kInvalid when the data is refused, kUnavailable otherwise.
inline domain::Error ToWorkerError(const PqError& error) {
  return {error.refuses_data() ? domain::ErrorKind::kInvalid : domain::ErrorKind::kUnavailable, error.what()};
}

}  // namespace volcanion::infrastructure
