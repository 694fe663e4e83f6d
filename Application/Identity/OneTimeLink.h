#pragma once

#include "Domain/Result.h"

namespace volcanion::application {

inline constexpr char kLinkNotGood[] = "not_good";

/// What is said of every link that is not good, whatever the reason.
inline domain::Error UsedLink() {
  return {domain::ErrorKind::kInvalid,
          "The link is not good, or not any more.",
          {{"/token", kLinkNotGood, "is not known, was used, or has expired"}}};
}

inline bool IsUsedLink(const domain::Error& error) {
  return !error.faults.empty() && error.faults.front().code == kLinkNotGood;
}

}  // namespace volcanion::application
