#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::domain {

/// A version begins as a draft or active, and goes on in this order; a draft may also be retired at once.
enum class StructureState {
  kDraft,    ///< judges nothing yet
  kActive,   ///< judges events; the newest active version judges those that name none
  kRetired,  ///< judges no event that comes, but may be asked to judge stored ones again
};

std::string_view ToString(StructureState state);  ///< "draft", "active", "retired"
std::optional<StructureState> ParseStructureState(std::string_view text);

inline constexpr std::size_t kMaxSchemaBytes = 1024 * 1024;

/// What the versions of a structure have in common.
struct StructureIdentity {
  PartnerId partner;
  std::string event_name;
  /// The one system whose events it judges, before the partner's own structure of that name; nothing: all systems.
  std::optional<PartnerSystemId> system = {};

  bool operator==(const StructureIdentity&) const = default;
};

/// All of a version but its schema.
struct StructureHead {
  StructureId id;
  StructureIdentity identity;
  int version = 0;   ///< counted from 1 within the identity, by the store; 0 before
  int revision = 1;  ///< grows with every change of this version
  StructureState state = StructureState::kDraft;
  Timestamp created_at = {};
  std::optional<Timestamp> activated_at = {};
  std::optional<Timestamp> retired_at = {};
};

/// One version of the JSON Schema of one event name of a partner.
class EventStructure {
 public:
  /// A draft, or an active version. kInvalid when the event name breaks Domain/Name.h or the schema's text is empty or
  /// over kMaxSchemaBytes. Whether the text is a schema that can judge is for Application/Ports/SchemaCompiler.h to
  /// say.
  static Result<EventStructure> Create(StructureId id, StructureIdentity identity, std::string schema,
                                       StructureState state, Timestamp created_at);
  /// A version as it was stored.
  static EventStructure Restore(StructureHead head, std::string schema) { return {std::move(head), std::move(schema)}; }

  const StructureHead& head() const { return head_; }
  const StructureIdentity& identity() const { return head_.identity; }
  StructureState state() const { return head_.state; }
  int version() const { return head_.version; }
  /// The schema's JSON text, exactly as given.
  const std::string& schema() const { return schema_; }

  /// kConflict unless it is a draft: what has judged events is not changed. kInvalid as in Create().
  Result<Done> ReplaceSchema(std::string schema);
  /// kConflict for a way back, and where it is in that state already.
  Result<Done> Become(StructureState next, Timestamp now);

 private:
  EventStructure(StructureHead head, std::string schema) : head_(std::move(head)), schema_(std::move(schema)) {}

  StructureHead head_;
  std::string schema_;
};

}  // namespace volcanion::domain
