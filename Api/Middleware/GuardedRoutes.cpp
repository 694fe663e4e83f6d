#include "Api/Middleware/GuardedRoutes.h"

#include "Api/Middleware/RunBlocking.h"

#include <optional>
#include <utility>

namespace volcanion::api {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

using Partner = std::optional<domain::PartnerId>;

/// What is said of a thing that is not there, and of one that is another partner's.
Error NoSuch(Access::Owner owner) {
  switch (owner) {
    case Access::Owner::kSystem:
      return {ErrorKind::kNotFound, "There is no such partner system."};
    case Access::Owner::kEvent:
      return {ErrorKind::kNotFound, "There is no such event in the read model."};
    case Access::Owner::kPartner:
    case Access::Owner::kNone:
      break;
  }
  return {ErrorKind::kNotFound, "There is no such partner."};
}

/// May block.
Result<Partner> OwnerOf(const Call& call, Access::Owner owner, application::FindOwner& find_owner) {
  switch (owner) {
    case Access::Owner::kNone:
      break;
    case Access::Owner::kPartner:
      return domain::PartnerId::Parse(call.path_parameters[0]);
    case Access::Owner::kSystem: {
      const auto id = domain::PartnerSystemId::Parse(call.path_parameters[0]);
      return id ? find_owner.OfSystem(*id, call.principal) : Result<Partner>(Partner());
    }
    case Access::Owner::kEvent: {
      const auto id = domain::TrackingEventId::Parse(call.path_parameters[0]);
      return id ? find_owner.OfEvent(*id) : Result<Partner>(Partner());
    }
  }
  return Partner();
}

/// Whether the caller may have the answer, as far as that is known without waiting. Then the call says whose it is.
bool IsAdmitted(Call& call, const Access& access, const application::FindOwner& find_owner) {
  if (access.caller == Access::Caller::kAnyone || call.request.is_packed) return false;
  Partner owner;
  switch (access.owner) {
    case Access::Owner::kNone:
      break;
    case Access::Owner::kPartner:
      owner = domain::PartnerId::Parse(call.path_parameters[0]);
      break;
    case Access::Owner::kSystem:
      if (const auto id = domain::PartnerSystemId::Parse(call.path_parameters[0])) {
        owner = find_owner.KnownOfSystem(*id, call.principal);
      }
      break;
    case Access::Owner::kEvent:
      return false;
  }
  if (access.owner != Access::Owner::kNone && !owner) return false;
  if (StandingOf(call.principal, access, owner) != Standing::kAllowed) return false;
  if (owner) call.owner = *owner;
  return true;
}

/// Why the caller may not do it; nothing when that is not so. May block.
std::optional<Error> RefusalOf(Call& call, const Access& access, application::FindOwner& find_owner) {
  const auto owner = OwnerOf(call, access.owner, find_owner);
  if (!owner) return owner.error();
  switch (access.caller == Access::Caller::kAnyone ? Standing::kAllowed : StandingOf(call.principal, access, *owner)) {
    case Standing::kAllowed:
      // Else a platform admin asks for what is not there: no store has rows of nobody.
      if (*owner) call.owner = **owner;
      break;
    case Standing::kNotEnough:
      return Error{ErrorKind::kForbidden, "You are not allowed to do this. It is for: " + ToString(access) + "."};
    case Standing::kStranger:
      if (*owner) call.answer.SetStranger(**owner);
      return NoSuch(access.owner);
  }
  return std::nullopt;
}

/// On a thread that may block: lets the caller through, or answers.
void Admit(Call& call, const Access& access, application::FindOwner& find_owner,
           const GuardedRoutes::HandleCall& handle) {
  if (const auto refusal = RefusalOf(call, access, find_owner)) return call.answer.SendProblem(*refusal);
  const bool takes_body = call.request.method == "POST" || call.request.method == "PATCH";
  if (takes_body && !IsJson(call.request.headers)) {
    return call.answer.SendProblem(415, "Send the body as application/json.");
  }
  if (access.caller == Access::Caller::kAnyone && call.request.is_packed) {  // unpacking is work, for those we know
    return call.answer.SendProblem(415, "Send the body as it is, without Content-Encoding.");
  }
  if (!UnpackBody(call)) return;
  handle(call);
}

}  // namespace

void GuardedRoutes::Add(std::string_view method, std::string_view pattern, const Access& access, Handle handle) {
  AddAnswering(method, pattern, access, [handle = std::move(handle)](Call& call) {
    auto answered = handle(call);
    answered ? call.answer.Send(*std::move(answered)) : call.answer.SendProblem(answered.error());
  });
}

void GuardedRoutes::AddAnswering(std::string_view method, std::string_view pattern, const Access& access,
                                 HandleCall handle, AnswerAtOnce at_once) {
  const auto admit = [access, &find_owner = find_owner_, &blocking = blocking_, handle = std::move(handle),
                      at_once = std::move(at_once)](Call call) {
    if (at_once && IsAdmitted(call, access, find_owner) && at_once(call)) return;
    RunBlocking(blocking, std::move(call),
                [access, &find_owner, handle](Call& running) { Admit(running, access, find_owner, handle); });
  };
  if (access.caller == Access::Caller::kAnyone) return router_.Add(method, pattern, access, admit);
  router_.Add(method, pattern, access, [&authentication = authentication_, admit](Call call) {
    authentication.RequirePrincipal(std::move(call), admit);
  });
}

void GuardedRoutes::AddForSenders(std::string_view method, std::string_view pattern, HandleSent handle) {
  const bool is_hot = true;
  router_.Add(
      method, pattern, Access::Sender(),
      [&authentication = authentication_, handle = std::move(handle)](Call call) {
        authentication.RequireSender(
            std::move(call), [handle](const Call& known, const application::Sender& sender) { handle(known, sender); });
      },
      is_hot);
}

application::Author AuthorOf(const Call& call) {
  return {call.principal.name, call.answer.correlation_id(), call.answer.client_address()};
}

}  // namespace volcanion::api
