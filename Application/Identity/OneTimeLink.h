#pragma once

#include "Domain/Result.h"

namespace volcanion::application {

/// What is said of every link that is not good, whatever the reason.
inline domain::Error UsedLink() {
  return {domain::ErrorKind::kInvalid,
          "The link is not good, or not any more.",
          {{"/token", "not_good", "is not known, was used, or has expired"}}};
}

}  // namespace volcanion::application
