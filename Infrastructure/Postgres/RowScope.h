#pragma once

#include "Domain/Uuid.h"

#include <string>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {

/// Whose rows a transaction may touch. PostgreSQL holds it to that by row level security
/// (db/write/0008_row_security.sql), whatever its statements say: all others are not there. It ends with the
/// transaction.
class RowScope {
 public:
  static RowScope Of(domain::PartnerId partner) { return OfAny({partner}); }
  static RowScope OfAny(const std::vector<domain::PartnerId>& partners);
  /// No rows but the partners themselves, all of them: for who looks after them.
  static RowScope OfPartnerList();
  /// As the role that owns the tables: for work that is done for nobody in particular, and before it is known for whom.
  static RowScope Unbound() { return RowScope(""); }

  /// What follows BEGIN; empty when unbound. Holds nothing that came from outside but ids.
  const std::string& statement() const { return statement_; }

 private:
  explicit RowScope(std::string statement) : statement_(std::move(statement)) {}

  std::string statement_;
};

}  // namespace volcanion::infrastructure
