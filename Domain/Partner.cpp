#include "Domain/Partner.h"

#include "Domain/Name.h"

#include <optional>
#include <tuple>
#include <utility>

namespace volcanion::domain {

Result<Partner> Partner::Create(PartnerId id, std::string name, Timestamp created_at, Compatibility compatibility) {
  if (auto fault = CheckName(name, "/name", kMaxNameBytes)) {
    return Error{ErrorKind::kInvalid, "The partner cannot be created as described.", {*std::move(fault)}};
  }
  return Partner({id, std::move(name), created_at, compatibility});
}

Result<Done> Partner::Change(const PartnerChange& change) {
  const auto fault = change.name ? CheckName(*change.name, "/name", kMaxNameBytes) : std::nullopt;
  if (fault) return Error{ErrorKind::kInvalid, "The partner cannot be changed as described.", {*fault}};
  const auto before = std::tie(fields_.name, fields_.compatibility, fields_.is_active);
  const auto after =
      std::tuple(change.name.value_or(fields_.name), change.compatibility.value_or(fields_.compatibility),
                 change.is_active.value_or(fields_.is_active));
  if (before == after) return Done{};
  std::tie(fields_.name, fields_.compatibility, fields_.is_active) = after;
  ++fields_.revision;
  return Done{};
}

}  // namespace volcanion::domain
