#include "Infrastructure/Postgres/ScopeText.h"

#include <algorithm>

namespace volcanion::infrastructure {

std::string TextOf(const domain::Scopes& scopes) {
  std::string text;
  for (const auto scope : domain::kAllScopes) {
    if (scopes.Has(scope)) text.append(text.empty() ? "" : " ").append(domain::ToString(scope));
  }
  return text;
}

domain::Scopes ScopesFromColumn(std::string_view text) {
  domain::Scopes scopes;
  while (!text.empty()) {
    const auto name = text.substr(0, text.find(' '));
    if (const auto scope = domain::ParseScope(name)) scopes.Add(*scope);
    text.remove_prefix(std::min(name.size() + 1, text.size()));
  }
  return scopes;
}

}  // namespace volcanion::infrastructure
