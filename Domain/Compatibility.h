#pragma once

#include <optional>
#include <string_view>

namespace volcanion::domain {

/// What a new version of an event structure may do to those who rely on the version before. A document is the
/// `properties` of an event; valid means that the version judges it without a violation.
enum class Compatibility {
  /// Every document that is valid under the old version is valid under the new one: who sends events need not change
  /// anything. May drop a requirement, may not make one.
  kBackward,
  /// Every document that is valid under the new version is valid under the old one: who reads events and relies on the
  /// old version is not surprised. May make a requirement, may not drop one.
  kForward,
  /// Both: the same documents are valid.
  kFull,
  /// Nothing is asked for.
  kNone,
};

std::string_view ToString(Compatibility compatibility);  ///< "backward", "forward", "full", "none"
std::optional<Compatibility> ParseCompatibility(std::string_view text);

}  // namespace volcanion::domain
