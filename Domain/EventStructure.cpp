#include "Domain/EventStructure.h"

#include "Domain/Name.h"

namespace volcanion::domain {

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

Result<EventStructure> EventStructure::Create(StructureId id, PartnerId partner, std::string event_name,
                                              std::string schema, StructureState state, Timestamp created_at) {
  std::vector<Fault> faults;
  if (auto fault = CheckName(event_name, "/eventName", kMaxEventNameBytes)) faults.push_back(*std::move(fault));
  if (schema.empty()) faults.push_back({"/schema", "empty", "must be a JSON Schema"});
  if (schema.size() > kMaxSchemaBytes) {
    faults.push_back({"/schema", "too_long", "must be at most " + std::to_string(kMaxSchemaBytes) + " bytes"});
  }
  if (!faults.empty()) {
    return Error{ErrorKind::kInvalid, "The structure cannot be created as described.", std::move(faults)};
  }
  return EventStructure(id, partner, std::move(event_name), std::move(schema), state, created_at);
}

}  // namespace volcanion::domain
