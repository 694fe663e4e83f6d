#include "Application/Commands/IssueServiceToken.h"

#include "Application/Commands/ManagementAudit.h"

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
  AuditEntry entry{command.partner, std::move(command.author), "service_token.issued", token->name};
  entry.target_id = token->id.value;
  entry.after = FieldsOf(*token);
  if (auto added = store_.Add(*token, entry); !added) return std::move(added).error();
  (void)directory_.Refresh();  // known to this process at once; the others hear of it by polling
  return IssuedServiceToken{*std::move(token), std::move(secret.text)};
}

}  // namespace volcanion::application
