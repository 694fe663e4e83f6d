#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::domain {

enum class StructureState {
  kDraft,    ///< judges nothing yet
  kActive,   ///< judges events; the newest active version judges those that name none
  kRetired,  ///< judges nothing any more
};

std::string_view ToString(StructureState state);  ///< "draft", "active", "retired"
std::optional<StructureState> ParseStructureState(std::string_view text);

inline constexpr std::size_t kMaxSchemaBytes = 1024 * 1024;

/// The JSON Schema of one event name of a partner. Versions of one name count from 1; the store gives the number.
class EventStructure {
 public:
  /// kInvalid when the event name breaks Domain/Name.h or the schema's text is empty or over kMaxSchemaBytes. Whether
  /// the text is a schema that can judge is for Application/Ports/SchemaCompiler.h to say.
  static Result<EventStructure> Create(StructureId id, PartnerId partner, std::string event_name, std::string schema,
                                       StructureState state, Timestamp created_at);

  StructureId id() const { return id_; }
  PartnerId partner() const { return partner_; }
  const std::string& event_name() const { return event_name_; }
  /// The schema's JSON text, exactly as given.
  const std::string& schema() const { return schema_; }
  StructureState state() const { return state_; }
  Timestamp created_at() const { return created_at_; }

 private:
  EventStructure(StructureId id, PartnerId partner, std::string event_name, std::string schema, StructureState state,
                 Timestamp created_at)
      : id_(id),
        partner_(partner),
        event_name_(std::move(event_name)),
        schema_(std::move(schema)),
        state_(state),
        created_at_(created_at) {}

  StructureId id_;
  PartnerId partner_;
  std::string event_name_;
  std::string schema_;
  StructureState state_;
  Timestamp created_at_;
};

}  // namespace volcanion::domain
