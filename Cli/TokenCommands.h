#pragma once

#include "Cli/Remote.h"
#include "Domain/Result.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::cli {

// `volcanion token ...`: the tokens of a partner's programs, or those of administrators. Each returns the exit status,
// or why it could not be done. A token is named by id or by prefix.

/// Whose tokens.
struct TokenOwner {
  std::string partner;
  bool administrators = false;  ///< theirs, and no partner's
};

struct NewToken {
  std::string name;
  std::vector<std::string> scopes;
  std::optional<std::string> expires_at;
};

domain::Result<int> ListTokens(Remote& remote, const TokenOwner& owner);
/// Prints the token alone on stdout, this once.
domain::Result<int> CreateToken(Remote& remote, const std::string& partner, const NewToken& token);
domain::Result<int> RevokeToken(Remote& remote, const TokenOwner& owner, const std::string& token);

}  // namespace volcanion::cli
