#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::domain {

/// One reason why an event is invalid.
struct Violation {
  std::string pointer;  ///< JSON Pointer (RFC 6901) into the event's properties; empty for the whole
  std::string keyword;  ///< the JSON Schema keyword that was broken, or the event's member (eventName, eventTimestamp)
  std::string message;  ///< a sentence for people: "must be at least 0"
  /// Where the keyword stands in the structure's schema: a JSON Pointer, behind a URI and "#" when it stands in a
  /// metaschema. Empty where no keyword was broken.
  std::string schema_pointer = {};

  bool operator==(const Violation&) const = default;
};

/// The judgement of one event, stored with it.
struct Verdict {
  enum class Outcome {
    kValid,
    kInvalid,
    kUnjudged,  ///< the structure could not be applied, or would have taken too long; never counts as valid
  };
  Outcome outcome = Outcome::kValid;
  std::vector<Violation> violations = {};  ///< may be filled for a valid event too, where the policy is to observe

  bool is_valid() const { return outcome == Outcome::kValid; }
  /// Adds a violation of the event as a whole, before those of its properties. What is unjudged stays so.
  void AddOfWhole(Violation violation) {
    violations.insert(violations.begin(), std::move(violation));
    if (is_valid()) outcome = Outcome::kInvalid;
  }
  bool operator==(const Verdict&) const = default;
};

/// "valid", "invalid", "unjudged".
constexpr std::string_view ToString(Verdict::Outcome outcome) {
  switch (outcome) {
    case Verdict::Outcome::kValid:
      return "valid";
    case Verdict::Outcome::kInvalid:
      return "invalid";
    case Verdict::Outcome::kUnjudged:
      break;
  }
  return "unjudged";
}

/// The outcome as the stores keep it, in two columns.
constexpr Verdict::Outcome StoredOutcome(bool is_valid, bool is_unjudged) {
  if (is_unjudged) return Verdict::Outcome::kUnjudged;
  return is_valid ? Verdict::Outcome::kValid : Verdict::Outcome::kInvalid;
}

/// The verdict on what could not be judged, with the reason as its one violation.
inline Verdict Unjudged(std::string message) {
  return {Verdict::Outcome::kUnjudged, {{"", "unjudged", std::move(message)}}};
}

}  // namespace volcanion::domain
