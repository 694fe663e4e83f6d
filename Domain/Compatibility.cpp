#include "Domain/Compatibility.h"

namespace volcanion::domain {

std::string_view ToString(Compatibility compatibility) {
  switch (compatibility) {
    case Compatibility::kBackward:
      return "backward";
    case Compatibility::kForward:
      return "forward";
    case Compatibility::kFull:
      return "full";
    case Compatibility::kNone:
      break;
  }
  return "none";
}

std::optional<Compatibility> ParseCompatibility(std::string_view text) {
  for (const Compatibility compatibility :
       {Compatibility::kBackward, Compatibility::kForward, Compatibility::kFull, Compatibility::kNone}) {
    if (text == ToString(compatibility)) return compatibility;
  }
  return std::nullopt;
}

}  // namespace volcanion::domain
