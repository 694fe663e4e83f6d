#include "Infrastructure/Postgres/PostgresSigningKeyStore.h"

#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <optional>
#include <string>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::SigningKey;
using domain::Result;

constexpr std::string_view kCurrent = R"(
  SELECT key_id, private_jwk, public_jwk
    FROM write.signing_keys
   WHERE retired_at IS NULL AND created_at > :oldest::timestamptz)";

constexpr std::string_view kInUse = R"(
  SELECT private_jwk
    FROM write.signing_keys
   WHERE retired_at IS NULL AND created_at > :oldest::timestamptz)";

// Whoever else wants to make one waits, and then finds this one. Reading goes on.
constexpr std::string_view kLock = "LOCK TABLE write.signing_keys IN SHARE ROW EXCLUSIVE MODE";

// What signs no more need not be known any more.
constexpr std::string_view kRetire = R"(
  UPDATE write.signing_keys SET retired_at = coalesce(retired_at, :now::timestamptz), private_jwk = ''
   WHERE retired_at IS NULL OR private_jwk <> '')";

constexpr std::string_view kInsert = R"(
  INSERT INTO write.signing_keys (key_id, private_jwk, public_jwk, created_at)
  VALUES (:id, :private_jwk, :public_jwk, :now::timestamptz))";

/// One that should be sealed and is not counts as none: another one takes its place.
Result<std::optional<SigningKey>> Fetch(soci::session& session, const std::string& oldest, const SecretBox& box) {
  SigningKey key;
  session.once << kCurrent, soci::use(oldest, "oldest"), soci::into(key.id), soci::into(key.private_jwk),
      soci::into(key.public_jwk);
  if (!session.got_data() || (box.has_key() && !SecretBox::IsSealed(key.private_jwk)))
    return std::optional<SigningKey>();
  auto opened = box.Open(key.private_jwk);
  if (!opened) {
    return domain::Error{domain::ErrorKind::kUnavailable,
                         "Nobody can log in now: the server cannot open its signing key. Tell its operator: put the "
                         "key that sealed it into the file of VOLCANION_SIGNING_KEY_FILE, or run `volcanion admin "
                         "rotate-signing-key`."};
  }
  key.private_jwk = *std::move(opened);
  return std::optional(std::move(key));
}

}  // namespace

Result<SigningKey> PostgresSigningKeyStore::Current(domain::Timestamp oldest, domain::Timestamp now, const Make& make) {
  const auto oldest_text = domain::FormatRfc3339(oldest);
  const auto now_text = domain::FormatRfc3339(now);
  auto found = pool_.Run({"get signing key", RowScope::Unbound()},
                         [&](soci::session& session) { return Fetch(session, oldest_text, box_); });
  if (!found) return std::move(found).error();
  if (*found) return **std::move(found);
  auto made = make();  // takes a while: not under the lock
  if (!made) return made;
  return pool_.Run({"change signing key", RowScope::Unbound()}, [&](soci::session& session) -> Result<SigningKey> {
    session.once << kLock;
    auto other = Fetch(session, oldest_text, box_);
    if (!other) return std::move(other).error();
    if (*other) return **std::move(other);
    const auto sealed = box_.Seal(made->private_jwk);
    session.once << kRetire, soci::use(now_text, "now");
    session.once << kInsert, soci::use(made->id, "id"), soci::use(sealed, "private_jwk"),
        soci::use(made->public_jwk, "public_jwk"), soci::use(now_text, "now");
    AddAuditEntry(session, {std::nullopt, {"volcanion", ""}, "signing_key.changed", made->id});
    return *made;
  });
}

Result<bool> PostgresSigningKeyStore::CanOpen(domain::Timestamp oldest) {
  const auto oldest_text = domain::FormatRfc3339(oldest);
  return pool_.Run({"open signing key", RowScope::Unbound()}, [&](soci::session& session) -> Result<bool> {
    std::string private_jwk;
    session.once << kInUse, soci::use(oldest_text, "oldest"), soci::into(private_jwk);
    return !session.got_data() || box_.Open(private_jwk).has_value();
  });
}

}  // namespace volcanion::infrastructure
