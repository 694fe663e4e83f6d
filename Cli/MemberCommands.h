#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <string>

namespace volcanion::cli {

// `volcanion member ...`: who may see a partner's data, and manage it. Each returns the exit status, or why it could
// not be done. A member is named by id or by e-mail.

struct MemberAddress {
  std::string partner, member;
};

domain::Result<int> ListMembers(Remote& remote, const std::string& partner);
/// The server sends the invitation.
domain::Result<int> InviteMember(Remote& remote, const std::string& partner, const std::string& email,
                                 const std::string& role);
domain::Result<int> ChangeMember(Remote& remote, const MemberAddress& address, const std::string& role);
domain::Result<int> RemoveMember(Remote& remote, const MemberAddress& address);

}  // namespace volcanion::cli
