#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Access.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Middleware/Call.h"
#include "Api/Router.h"
#include "Application/Ports/AuditLog.h"
#include "Application/Queries/FindOwner.h"
#include "Domain/Result.h"

#include <functional>
#include <string>
#include <string_view>

namespace volcanion::api {

/// Adds routes together with who may call them, and lets nobody else through to their handlers: 401 without a good key
/// or token, 403 for those who are known but not allowed, and 404 for what belongs to another partner, with the body of
/// what is not there.
class GuardedRoutes {
 public:
  /// The arguments outlive the router.
  GuardedRoutes(Router& router, Authentication& authentication, application::FindOwner& find_owner,
                BlockingPool& blocking)
      : router_(router), authentication_(authentication), find_owner_(find_owner), blocking_(blocking) {}

  /// What a route answers, on a thread that may wait for a database: an error becomes a problem.
  using Handle = std::function<domain::Result<Response>(const Call&)>;
  /// A method other than GET takes a body in JSON. Not for Access::Sender().
  void Add(std::string_view method, std::string_view pattern, const Access& access, Handle handle);

  /// Goes on with a call on a thread that may wait for a database, and answers it there or later.
  using HandleCall = std::function<void(Call&)>;
  /// Answers a call whose caller may have it, when that takes no waiting; false when it does not, and nothing was done.
  /// Must not block.
  using AnswerAtOnce = std::function<bool(const Call&)>;
  /// As Add(). `at_once` is asked first, without a change of thread, where it is known already whose the thing in the
  /// path is.
  void AddAnswering(std::string_view method, std::string_view pattern, const Access& access, HandleCall handle,
                    AnswerAtOnce at_once = {});

  /// Goes on with events of a known system. Must not block; answers by the call's answer.
  using HandleSent = std::function<void(const Call&, const application::Sender&)>;
  /// A route of Access::Sender().
  void AddForSenders(std::string_view method, std::string_view pattern, HandleSent handle);

 private:
  Router& router_;
  Authentication& authentication_;
  application::FindOwner& find_owner_;
  BlockingPool& blocking_;
};

/// The id in a path: kNotFound for what is none, as there is nothing with such an id.
template <typename Id>
domain::Result<Id> PathId(const Call& call, const char* what) {
  if (const auto id = Id::Parse(call.path_parameters[0])) return *id;
  return domain::Error{domain::ErrorKind::kNotFound, std::string("There is no such ") + what + "."};
}

/// On whose behalf a call changes something.
application::Author AuthorOf(const Call& call);

}  // namespace volcanion::api
