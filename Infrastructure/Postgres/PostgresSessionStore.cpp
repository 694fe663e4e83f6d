#include "Infrastructure/Postgres/PostgresSessionStore.h"

#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

namespace volcanion::infrastructure {

using application::Author;
using application::Session;
using application::StoredCredentials;
using domain::Done;
using domain::Result;

// Whoever logs in may belong to several partners, and is not known before: all of it is unbound.

constexpr std::string_view kCredentials = R"(
  SELECT user_id::text, password_hash
    FROM write.users
   WHERE email = :email AND is_active AND password_hash IS NOT NULL)";

Result<std::optional<StoredCredentials>> PostgresSessionStore::FindCredentials(const domain::Email& email) {
  using Found = std::optional<StoredCredentials>;
  return pool_.Run({"find credentials", RowScope::Unbound()}, [&](soci::session& session) -> Result<Found> {
    std::string id, hash;
    session.once << kCredentials, soci::use(email.text(), "email"), soci::into(id), soci::into(hash);
    return session.got_data() ? Found({IdFromColumn<domain::UserId>(id), hash}) : Found();
  });
}

// A new password, and the end of a person's access, end the sessions that there are. Whoever compared a password before
// that waits for it here, and finds another one; else they wait, and find this session.
constexpr std::string_view kLockCredentials = R"(
  SELECT 1 FROM write.users
   WHERE user_id = :person::uuid AND is_active AND password_hash = :password_hash
     FOR SHARE)";

constexpr std::string_view kForgetExpired = R"(
  DELETE FROM write.sessions WHERE user_id = :person::uuid AND expires_at <= :now::timestamptz)";

constexpr std::string_view kInsertSession = R"(
  INSERT INTO write.sessions (session_id, user_id, created_at, expires_at)
  VALUES (:id::uuid, :person::uuid, :now::timestamptz, :expires_at::timestamptz))";

constexpr std::string_view kInsertToken = R"(
  INSERT INTO write.refresh_tokens (token_hash, session_id) VALUES (decode(:hash, 'hex'), :id::uuid))";

namespace {

void InsertToken(soci::session& session, const domain::SecretHash& token, const std::string& id) {
  const auto hash = HexOf(token);
  session.once << kInsertToken, soci::use(hash, "hash"), soci::use(id, "id");
}

}  // namespace

Result<bool> PostgresSessionStore::Begin(domain::SessionId begun, const StoredCredentials& credentials,
                                         const domain::SecretHash& token, domain::Timestamp now,
                                         domain::Timestamp expires_at, const Author& author) {
  const auto id = begun.ToString();
  const auto person = credentials.user.ToString();
  const auto now_text = domain::FormatRfc3339(now);
  const auto expiry = domain::FormatRfc3339(expires_at);
  return pool_.Run({"begin session", RowScope::Unbound()}, [&](soci::session& session) -> Result<bool> {
    int is_good = 0;
    session.once << kLockCredentials, soci::use(person, "person"),
        soci::use(credentials.password_hash, "password_hash"), soci::into(is_good);
    if (!session.got_data()) return false;
    session.once << kForgetExpired, soci::use(person, "person"), soci::use(now_text, "now");
    session.once << kInsertSession, soci::use(id, "id"), soci::use(person, "person"), soci::use(now_text, "now"),
        soci::use(expiry, "expires_at");
    InsertToken(session, token, id);
    AddEntriesOfPerson(session, person, author, "person.logged_in");
    return true;
  });
}

// Two that use the same token wait for each other here, and the second finds it used.
constexpr std::string_view kLockToken = R"(
  SELECT session.session_id::text, session.user_id::text, (token.used_at IS NOT NULL)::int,
         (session.revoked_at IS NULL AND session.expires_at > :now::timestamptz AND person.is_active)::int
    FROM write.refresh_tokens AS token
    JOIN write.sessions AS session USING (session_id)
    JOIN write.users AS person USING (user_id)
   WHERE token.token_hash = decode(:hash, 'hex')
     FOR UPDATE OF token, session)";

constexpr std::string_view kUseToken = R"(
  UPDATE write.refresh_tokens SET used_at = :now::timestamptz WHERE token_hash = decode(:hash, 'hex'))";

constexpr std::string_view kRevoke = R"(
  UPDATE write.sessions SET revoked_at = :now::timestamptz WHERE session_id = :id::uuid AND revoked_at IS NULL)";

Result<std::optional<Session>> PostgresSessionStore::Continue(const domain::SecretHash& used,
                                                              const domain::SecretHash& next, domain::Timestamp now,
                                                              const Author& author) {
  using Found = std::optional<Session>;
  const auto hash = HexOf(used);
  const auto now_text = domain::FormatRfc3339(now);
  return pool_.Run({"continue session", RowScope::Unbound()}, [&](soci::session& session) -> Result<Found> {
    std::string id, person;
    int was_used = 0, is_good = 0;
    session.once << kLockToken, soci::use(now_text, "now"), soci::use(hash, "hash"), soci::into(id), soci::into(person),
        soci::into(was_used), soci::into(is_good);
    if (!session.got_data() || is_good == 0) return Found();
    if (was_used != 0) {
      session.once << kRevoke, soci::use(now_text, "now"), soci::use(id, "id");
      AddEntriesOfPerson(session, person, author, "session.ended",
                         {{"reason", "a refresh token was used a second time: somebody has a copy of it"}});
      return Found();
    }
    session.once << kUseToken, soci::use(now_text, "now"), soci::use(hash, "hash");
    InsertToken(session, next, id);
    return Found({IdFromColumn<domain::SessionId>(id), IdFromColumn<domain::UserId>(person)});
  });
}

// Looked for before it is changed: an UPDATE has every process load its directory anew, even one that finds no row, and
// anybody may ask for it.
constexpr std::string_view kLockSession = R"(
  SELECT session.session_id::text, session.user_id::text
    FROM write.refresh_tokens AS token
    JOIN write.sessions AS session USING (session_id)
   WHERE token.token_hash = decode(:hash, 'hex') AND session.revoked_at IS NULL
     FOR UPDATE OF session)";

Result<Done> PostgresSessionStore::End(const domain::SecretHash& token, domain::Timestamp now, const Author& author) {
  const auto hash = HexOf(token);
  const auto now_text = domain::FormatRfc3339(now);
  return pool_.Run({"end session", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    std::string id, person;
    session.once << kLockSession, soci::use(hash, "hash"), soci::into(id), soci::into(person);
    if (!session.got_data()) return Done{};
    session.once << kRevoke, soci::use(now_text, "now"), soci::use(id, "id");
    AddEntriesOfPerson(session, person, author, "person.logged_out");
    return Done{};
  });
}

}  // namespace volcanion::infrastructure
