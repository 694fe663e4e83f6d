#include "Infrastructure/Postgres/PostgresSigningKeyStore.h"

#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <optional>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::SigningKey;
using domain::Result;

constexpr std::string_view kCurrent = R"(
  SELECT key_id, private_jwk, public_jwk
    FROM write.signing_keys
   WHERE retired_at IS NULL AND created_at > :oldest::timestamptz)";

// Whoever else wants to make one waits, and then finds this one. Reading goes on.
constexpr std::string_view kLock = "LOCK TABLE write.signing_keys IN SHARE ROW EXCLUSIVE MODE";

constexpr std::string_view kRetire = R"(
  UPDATE write.signing_keys SET retired_at = :now::timestamptz WHERE retired_at IS NULL)";

constexpr std::string_view kInsert = R"(
  INSERT INTO write.signing_keys (key_id, private_jwk, public_jwk, created_at)
  VALUES (:id, :private_jwk, :public_jwk, :now::timestamptz))";

std::optional<SigningKey> Fetch(soci::session& session, const std::string& oldest) {
  SigningKey key;
  session.once << kCurrent, soci::use(oldest, "oldest"), soci::into(key.id), soci::into(key.private_jwk),
      soci::into(key.public_jwk);
  return session.got_data() ? std::optional(std::move(key)) : std::nullopt;
}

}  // namespace

Result<SigningKey> PostgresSigningKeyStore::Current(domain::Timestamp oldest, domain::Timestamp now, const Make& make) {
  const auto oldest_text = domain::FormatRfc3339(oldest);
  const auto now_text = domain::FormatRfc3339(now);
  auto found = pool_.Run(
      {"get signing key", RowScope::Unbound()},
      [&](soci::session& session) -> Result<std::optional<SigningKey>> { return Fetch(session, oldest_text); });
  if (!found) return std::move(found).error();
  if (*found) return **std::move(found);
  auto made = make();  // takes a while: not under the lock
  if (!made) return made;
  return pool_.Run({"change signing key", RowScope::Unbound()}, [&](soci::session& session) -> Result<SigningKey> {
    session.once << kLock;
    if (auto other = Fetch(session, oldest_text)) return *std::move(other);
    session.once << kRetire, soci::use(now_text, "now");
    session.once << kInsert, soci::use(made->id, "id"), soci::use(made->private_jwk, "private_jwk"),
        soci::use(made->public_jwk, "public_jwk"), soci::use(now_text, "now");
    AddAuditEntry(session, {std::nullopt, {"volcanion", ""}, "signing_key.changed", made->id});
    return *made;
  });
}

}  // namespace volcanion::infrastructure
