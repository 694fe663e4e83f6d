#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/ApiKey.h"
#include "Domain/Email.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <optional>
#include <string>

namespace volcanion::application {

struct StoredCredentials {
  domain::UserId user;
  std::string password_hash;
};

struct Session {
  domain::SessionId id;
  domain::UserId user;
};

/// Log-ins and their refresh tokens, in the write store. Each method is one transaction, with its entries in the audit
/// logs of the partners whose member the person is; the actor of an author is the person. Thread-safe; blocks.
/// kUnavailable when the store is away.
class SessionStore {
 public:
  virtual ~SessionStore() = default;

  /// Of an active person with a password; nothing of anybody else.
  virtual domain::Result<std::optional<StoredCredentials>> FindCredentials(const domain::Email& email) = 0;
  /// Begins a session, and forgets those of this person that have expired. False, and nothing is begun, when the
  /// person has another password than `credentials` say by now, or is not active any more.
  virtual domain::Result<bool> Begin(domain::SessionId id, const StoredCredentials& credentials,
                                     const domain::SecretHash& token, domain::Timestamp now,
                                     domain::Timestamp expires_at, const Author& author) = 0;
  /// Uses a refresh token up and puts the next one in its place. Nothing when it is not known, or its session is over;
  /// a token that was used before ends the session, as one of its two users has stolen it.
  virtual domain::Result<std::optional<Session>> Continue(const domain::SecretHash& used,
                                                          const domain::SecretHash& next, domain::Timestamp now,
                                                          const Author& author) = 0;
  /// Ends the session of this refresh token, if there is one.
  virtual domain::Result<domain::Done> End(const domain::SecretHash& token, domain::Timestamp now,
                                           const Author& author) = 0;
};

}  // namespace volcanion::application
