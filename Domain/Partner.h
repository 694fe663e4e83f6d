#pragma once

#include "Domain/Compatibility.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <string>

namespace volcanion::domain {

/// A tenant: the company whose systems send events.
class Partner {
 public:
  /// kInvalid when the name breaks Domain/Name.h.
  static Result<Partner> Create(PartnerId id, std::string name, Timestamp created_at,
                                Compatibility compatibility = Compatibility::kBackward);

  PartnerId id() const { return id_; }
  const std::string& name() const { return name_; }
  Timestamp created_at() const { return created_at_; }
  /// What a new version of one of its structures may change.
  Compatibility compatibility() const { return compatibility_; }

 private:
  Partner(PartnerId id, std::string name, Timestamp created_at, Compatibility compatibility)
      : id_(id), name_(std::move(name)), created_at_(created_at), compatibility_(compatibility) {}

  PartnerId id_;
  std::string name_;
  Timestamp created_at_;
  Compatibility compatibility_;
};

}  // namespace volcanion::domain
