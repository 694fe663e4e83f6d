#include "Application/Commands/InviteMember.h"

#include <string>
#include <utility>

namespace volcanion::application {

domain::Result<MemberRow> InviteMemberHandler::Handle(const InviteMember& command) {
  const auto now = clock_.Now();
  const auto token = secrets_.NewOneTimeToken();
  const Invitation invitation{{secrets_.NewId(now)}, command.partner, command.email, command.role,
                              {secrets_.NewId(now)}, token.hash,      now,           now + kInvitationLifetime};
  const AuditEntry entry{command.partner,
                         command.author,
                         "member.invited",
                         command.email.text(),
                         {{"role", std::string(domain::ToString(command.role))}}};
  if (auto invited = store_.Invite(invitation, entry); !invited) return std::move(invited).error();
  sender_.Send({OneTimeMessage::Purpose::kInvitation, command.email, token.text, invitation.expires_at});
  return MemberRow{invitation.id, command.email.text(), command.role, now, std::nullopt};
}

}  // namespace volcanion::application
