#include "Cli/Remote.h"

#include "Cli/PercentEncoding.h"
#include "Domain/Uuid.h"

namespace volcanion::cli {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

namespace {

/// The partner of a service token that is not good for the list of partners; `named` is its name, or empty.
Result<std::string> FindOwnPartner(Remote& remote, const std::string& named, const Error& refusal) {
  const auto me = remote.api.Get("/api/auth/me");
  if (!me) return me.error();
  if (!me->body.Has("service")) return refusal;
  const auto service = me->body.Object("service");
  if (named.empty() || named == service.Text("partnerName")) return service.Text("partnerId");
  return Error{ErrorKind::kNotFound, "There is no partner \"" + named + "\"."};
}

}  // namespace

Result<std::string> FindPartner(Remote& remote, const std::string& id_or_name) {
  const auto& named = id_or_name.empty() ? remote.partner : id_or_name;
  if (domain::Uuid::Parse(named)) return named;
  const auto found =
      named.empty() ? remote.api.List("/api/partners", 2) : remote.api.List("/api/partners?name=" + UrlEncoded(named));
  if (!found && found.error().kind == ErrorKind::kForbidden) return FindOwnPartner(remote, named, found.error());
  if (!found) return found.error();
  if (found->size() == 1) return found->front().Text("partnerId");
  if (!named.empty()) return Error{ErrorKind::kNotFound, "There is no partner \"" + named + "\"."};
  return Error{ErrorKind::kInvalid, found->empty() ? "There is no partner yet."
                                                   : "Which partner? Say --partner, or set VOLCANION_PARTNER_ID."};
}

Result<std::string> FindSystem(Remote& remote, const std::string& partner, const std::string& id_or_name) {
  if (domain::Uuid::Parse(id_or_name)) return id_or_name;
  const auto id = FindPartner(remote, partner);
  if (!id) return id;
  const auto found = remote.api.List("/api/partners/" + *id + "/systems?name=" + UrlEncoded(id_or_name));
  if (!found) return found.error();
  if (found->empty()) return Error{ErrorKind::kNotFound, "The partner has no system \"" + id_or_name + "\"."};
  return found->front().Text("partnerSystemId");
}

}  // namespace volcanion::cli
