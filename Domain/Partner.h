#pragma once

#include "Domain/Compatibility.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <optional>
#include <string>

namespace volcanion::domain {

struct PartnerFields {
  PartnerId id;
  std::string name;
  Timestamp created_at = {};
  Compatibility compatibility = Compatibility::kBackward;
  bool is_active = true;
  int revision = 1;  ///< grows with every change
};

/// What is to be otherwise; nothing: as it is.
struct PartnerChange {
  std::optional<std::string> name = {};
  std::optional<Compatibility> compatibility = {};
  std::optional<bool> is_active = {};
};

/// A tenant: the company whose systems send events. It is never deleted, as its events refer to it; one that is not
/// active sends nothing.
class Partner {
 public:
  /// kInvalid when the name breaks Domain/Name.h.
  static Result<Partner> Create(PartnerId id, std::string name, Timestamp created_at,
                                Compatibility compatibility = Compatibility::kBackward);
  /// As it was stored.
  static Partner Restore(PartnerFields fields) { return Partner(std::move(fields)); }

  PartnerId id() const { return fields_.id; }
  const std::string& name() const { return fields_.name; }
  Timestamp created_at() const { return fields_.created_at; }
  /// What a new version of one of its structures may change.
  Compatibility compatibility() const { return fields_.compatibility; }
  bool is_active() const { return fields_.is_active; }
  int revision() const { return fields_.revision; }

  /// kInvalid for a name that breaks the rules; then nothing is changed. The revision grows when anything is.
  Result<Done> Change(const PartnerChange& change);

 private:
  explicit Partner(PartnerFields fields) : fields_(std::move(fields)) {}

  PartnerFields fields_;
};

}  // namespace volcanion::domain
