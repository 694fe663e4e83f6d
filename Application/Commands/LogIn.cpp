#include "Application/Commands/LogIn.h"

#include "Application/IpNetwork.h"
#include "Domain/Email.h"
#include "Domain/Password.h"

#include <utility>

namespace volcanion::application {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

Error NoMatch() { return {ErrorKind::kUnauthenticated, "The e-mail and the password do not belong together."}; }

std::string HashOfNobody(const PasswordHasher& hasher, const Secrets& secrets) {
  auto hash = hasher.Hash(secrets.NewOneTimeToken().text);
  return hash ? *std::move(hash) : std::string();
}

}  // namespace

LogInHandler::LogInHandler(SessionStore& store, AccessTokens& access_tokens, const PasswordHasher& hasher,
                           LogInThrottle& throttle, const Clock& clock, const Secrets& secrets)
    : store_(store),
      access_tokens_(access_tokens),
      hasher_(hasher),
      throttle_(throttle),
      clock_(clock),
      secrets_(secrets),
      nobodys_hash_(HashOfNobody(hasher, secrets)) {}

Result<std::optional<StoredCredentials>> LogInHandler::Check(const LogIn& command) {
  using Found = std::optional<StoredCredentials>;
  const auto email = domain::Email::Parse(command.email);
  if (!email || command.password.size() > domain::kMaxPasswordBytes) return Found();
  auto found = store_.FindCredentials(*email);
  if (!found) return found;
  const bool matches = hasher_.Matches(*found ? (*found)->password_hash : nobodys_hash_, command.password);
  return *found && matches ? *std::move(found) : Found();
}

Result<SessionTokens> LogInHandler::Handle(const LogIn& command) {
  const auto moment = std::chrono::steady_clock::now();
  const auto email = domain::Email::Parse(command.email);
  const auto account = email ? email->text() : "";
  const auto address = NeighbourhoodOf(command.author.client_address);
  const bool may_try = throttle_.by_address.Try(address, moment) && throttle_.by_account.Try(account, moment);
  if (!may_try) return Error{ErrorKind::kTooManyAttempts, "Too many log-ins have failed. Try again in some minutes."};
  const auto person = Check(command);
  if (person && !*person) return NoMatch();
  throttle_.by_address.Forgive(address);
  throttle_.by_account.Forgive(account);
  if (!person) return person.error();

  const auto now = clock_.Now();
  const Session session{{secrets_.NewId(now)}, (*person)->user};
  auto refresh = secrets_.NewRefreshToken();
  const auto begun = store_.Begin(session.id, **person, refresh.hash, now, now + kSessionLifetime, command.author);
  if (!begun) return begun.error();
  if (!*begun) return NoMatch();  // hashing takes a while: the password may have been changed meanwhile
  auto access = access_tokens_.Issue(session);
  if (!access) return std::move(access).error();
  return SessionTokens{*std::move(access), access_tokens_.lifetime(), std::move(refresh.text)};
}

}  // namespace volcanion::application
