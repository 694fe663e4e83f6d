#include "Api/Middleware/AdminRoutes.h"

#include "Api/Middleware/RunBlocking.h"

#include <utility>

namespace volcanion::api {

void AdminRoutes::Add(std::string_view method, std::string_view pattern, Handle handle) {
  const bool takes_body = method != "GET";
  router_.Add(
      method, pattern,
      [&authentication = authentication_, &blocking = blocking_, takes_body, handle = std::move(handle)](Call call) {
        if (takes_body && !IsJson(call.request.headers)) {
          return call.answer.SendProblem(415, "Send the body as application/json.");
        }
        authentication.RequireAdmin(std::move(call), [&blocking, handle](Call known) {
          RunBlocking(blocking, std::move(known), [handle](Call& running) {
            auto answered = handle(running);
            answered ? running.answer.Send(*std::move(answered)) : running.answer.SendProblem(answered.error());
          });
        });
      });
}

application::Author AuthorOf(const Call& call) { return {call.administrator, call.answer.correlation_id()}; }

}  // namespace volcanion::api
