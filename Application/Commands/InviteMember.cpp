#include "Application/Commands/InviteMember.h"

#include "Application/Commands/ManagementAudit.h"

#include <utility>

namespace volcanion::application {

domain::Result<MemberRow> InviteMemberHandler::Handle(const InviteMember& command) {
  const auto now = clock_.Now();
  const auto token = secrets_.NewOneTimeToken();
  const Invitation invitation{{secrets_.NewId(now)}, command.partner, command.email, command.role,
                              {secrets_.NewId(now)}, token.hash,      now,           now + kInvitationLifetime};
  MemberRow member{invitation.id, command.email.text(), command.role, now, std::nullopt};
  AuditEntry entry{command.partner, command.author, "member.invited", command.email.text()};
  entry.target_id = invitation.id.value;
  entry.after = FieldsOf(member);
  if (auto invited = store_.Invite(invitation, entry); !invited) return std::move(invited).error();
  sender_.Send({OneTimeMessage::Purpose::kInvitation, command.email, token.text, invitation.expires_at});
  return member;
}

}  // namespace volcanion::application
