#pragma once

#include <string>
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
  bool is_valid = true;
  std::vector<Violation> violations;  ///< may be filled for a valid event too, where the system's policy is to observe

  bool operator==(const Verdict&) const = default;
};

}  // namespace volcanion::domain
