#include "Api/Middleware/RunBlocking.h"

#include <exception>
#include <memory>
#include <utility>

namespace volcanion::api {

void RunBlocking(BlockingPool& pool, Call call, std::function<void(Call&)> work) {
  const auto box = std::make_shared<Call>(std::move(call));  // std::function wants to be copyable
  const bool submitted = pool.Submit([box, work = std::move(work)] {
    try {
      work(*box);
    } catch (const std::exception& error) {
      box->answer.SendProblem(domain::Error{domain::ErrorKind::kInternal, error.what()});
    }
  });
  if (!submitted) {
    box->answer.SendProblem(503, "The server is busy. Try again later.");
  }
}

}  // namespace volcanion::api
