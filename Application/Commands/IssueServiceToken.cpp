#include "Application/Commands/IssueServiceToken.h"

#include <utility>

namespace volcanion::application {

domain::Result<IssuedServiceToken> IssueServiceTokenHandler::Handle(IssueServiceToken command) {
  const auto now = clock_.Now();
  auto secret = secrets_.NewServiceToken();
  auto token = domain::CheckServiceToken({{secrets_.NewId(now)},
                                          command.partner,
                                          std::move(command.name),
                                          secret.prefix,
                                          secret.hash,
                                          command.scopes,
                                          command.author.actor,
                                          now,
                                          command.expires_at});
  if (!token) return std::move(token).error();
  std::string scopes;
  for (const auto scope : domain::kAllScopes) {
    if (command.scopes.Has(scope)) scopes.append(scopes.empty() ? "" : " ").append(domain::ToString(scope));
  }
  AuditEntry entry{command.partner, std::move(command.author), "service_token.issued", token->name};
  entry.details = {{"serviceTokenId", token->id.ToString()}, {"prefix", token->prefix}, {"scopes", scopes}};
  if (token->expires_at) entry.details.emplace_back("expiresAt", domain::FormatRfc3339(*token->expires_at));
  if (auto added = store_.Add(*token, entry); !added) return std::move(added).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return IssuedServiceToken{*std::move(token), std::move(secret.text)};
}

}  // namespace volcanion::application
