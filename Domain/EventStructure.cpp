#include "Domain/EventStructure.h"

#include "Domain/Name.h"

#include <vector>

namespace volcanion::domain {
namespace {

std::optional<Fault> CheckSchema(const std::string& schema) {
  if (schema.empty()) return Fault{"/schema", "empty", "must be a JSON Schema"};
  if (schema.size() <= kMaxSchemaBytes) return std::nullopt;
  return Fault{"/schema", "too_long", "must be at most " + std::to_string(kMaxSchemaBytes) + " bytes"};
}

/// Forwards only.
bool MayBecome(StructureState from, StructureState to) {
  using enum StructureState;
  return (from == kDraft && to != kDraft) || (from == kActive && to == kRetired);
}

}  // namespace

std::string_view ToString(StructureState state) {
  switch (state) {
    case StructureState::kDraft:
      return "draft";
    case StructureState::kActive:
      return "active";
    case StructureState::kRetired:
      return "retired";
  }
  return "draft";
}

std::optional<StructureState> ParseStructureState(std::string_view text) {
  for (const auto state : {StructureState::kDraft, StructureState::kActive, StructureState::kRetired}) {
    if (text == ToString(state)) return state;
  }
  return std::nullopt;
}

Result<EventStructure> EventStructure::Create(StructureId id, StructureIdentity identity, std::string schema,
                                              StructureState state, Timestamp created_at) {
  std::vector<Fault> faults;
  if (auto fault = CheckName(identity.event_name, "/eventName", kMaxEventNameBytes)) {
    faults.push_back(*std::move(fault));
  }
  if (auto fault = CheckSchema(schema)) faults.push_back(*std::move(fault));
  if (state == StructureState::kRetired) faults.push_back({"/state", "wrong_value", "must be draft or active"});
  if (!faults.empty()) {
    return Error{ErrorKind::kInvalid, "The structure cannot be created as described.", std::move(faults)};
  }
  StructureHead head{id, std::move(identity)};
  head.state = state;
  head.created_at = created_at;
  if (state == StructureState::kActive) head.activated_at = created_at;
  return EventStructure(std::move(head), std::move(schema));
}

Result<Done> EventStructure::ReplaceSchema(std::string schema) {
  if (head_.state != StructureState::kDraft) {
    return Error{ErrorKind::kConflict, "Only a draft's schema can be replaced; this version is " +
                                           std::string(ToString(head_.state)) + ". Publish a new version."};
  }
  if (auto fault = CheckSchema(schema)) {
    return Error{ErrorKind::kInvalid, "The schema cannot be replaced as described.", {*std::move(fault)}};
  }
  schema_ = std::move(schema);
  ++head_.revision;
  return Done{};
}

Result<Done> EventStructure::Become(StructureState next, Timestamp now) {
  if (!MayBecome(head_.state, next)) {
    return Error{ErrorKind::kConflict, "A version that is " + std::string(ToString(head_.state)) + " cannot become " +
                                           std::string(ToString(next)) + "."};
  }
  head_.state = next;
  (next == StructureState::kActive ? head_.activated_at : head_.retired_at) = now;
  ++head_.revision;
  return Done{};
}

}  // namespace volcanion::domain
