#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Middleware/Call.h"
#include "Api/Router.h"
#include "Application/Ports/AuditLog.h"
#include "Domain/Result.h"

#include <functional>
#include <string>
#include <string_view>

namespace volcanion::api {

/// Adds routes that take an administrator's token, and answer on a thread that may wait for a database.
class AdminRoutes {
 public:
  AdminRoutes(Router& router, Authentication& authentication, BlockingPool& blocking)
      : router_(router), authentication_(authentication), blocking_(blocking) {}

  /// What a route answers: an error becomes a problem.
  using Handle = std::function<domain::Result<Response>(const Call&)>;
  /// A method other than GET takes a body in JSON.
  void Add(std::string_view method, std::string_view pattern, Handle handle);

 private:
  Router& router_;
  Authentication& authentication_;
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
