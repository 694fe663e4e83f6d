#include "Domain/Scope.h"

namespace volcanion::domain {
namespace {

/// The scope that lets its holder write what `scope` reads.
std::optional<Scope> WriterOf(Scope scope) {
  switch (scope) {
    case Scope::kPartnersRead:
      return Scope::kPartnersWrite;
    case Scope::kSystemsRead:
      return Scope::kSystemsWrite;
    case Scope::kKeysRead:
      return Scope::kKeysWrite;
    case Scope::kStructuresRead:
      return Scope::kStructuresWrite;
    case Scope::kMembersRead:
      return Scope::kMembersWrite;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view ToString(Scope scope) {
  switch (scope) {
    case Scope::kEventsRead:
      return "events:read";
    case Scope::kPartnersRead:
      return "partners:read";
    case Scope::kPartnersWrite:
      return "partners:write";
    case Scope::kSystemsRead:
      return "systems:read";
    case Scope::kSystemsWrite:
      return "systems:write";
    case Scope::kKeysRead:
      return "keys:read";
    case Scope::kKeysWrite:
      return "keys:write";
    case Scope::kStructuresRead:
      return "structures:read";
    case Scope::kStructuresWrite:
      return "structures:write";
    case Scope::kMembersRead:
      return "members:read";
    case Scope::kMembersWrite:
      return "members:write";
    case Scope::kAuditRead:
      return "audit:read";
  }
  return "";
}

std::optional<Scope> ParseScope(std::string_view text) {
  for (const auto scope : kAllScopes) {
    if (text == ToString(scope)) return scope;
  }
  return std::nullopt;
}

bool Scopes::Allow(Scope scope) const {
  const auto writer = WriterOf(scope);
  return Has(scope) || (writer && Has(*writer));
}

}  // namespace volcanion::domain
