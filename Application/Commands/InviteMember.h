#pragma once

#include "Application/Ports/Clock.h"
#include "Application/Ports/MessageSender.h"
#include "Application/Ports/PeopleStore.h"
#include "Application/Ports/Secrets.h"
#include "Domain/Email.h"
#include "Domain/Result.h"
#include "Domain/Role.h"

#include <chrono>

namespace volcanion::application {

struct InviteMember {
  domain::PartnerId partner;
  domain::Email email;
  domain::Role role = domain::Role::kAnalyst;
  Author author;
};

inline constexpr std::chrono::hours kInvitationLifetime{7 * 24};

/// Sends a link with which a person becomes a member. Whether we knew the person before is not to be seen. Fails as
/// PeopleStore::Invite(). Blocks.
class InviteMemberHandler {
 public:
  InviteMemberHandler(PeopleStore& store, MessageSender& sender, const Clock& clock, const Secrets& secrets)
      : store_(store), sender_(sender), clock_(clock), secrets_(secrets) {}

  domain::Result<MemberRow> Handle(const InviteMember& command);

 private:
  PeopleStore& store_;
  MessageSender& sender_;
  const Clock& clock_;
  const Secrets& secrets_;
};

}  // namespace volcanion::application
