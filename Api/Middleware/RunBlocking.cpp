#include "Api/Middleware/RunBlocking.h"

#include <exception>
#include <memory>
#include <utility>

namespace volcanion::api {

void RunBlocking(BlockingPool& pool, Call call, std::function<void(Call&)> work) {
  const auto box = std::make_shared<Call>(std::move(call));  // std::function wants to be copyable
  if (!pool.Submit(Contained(box, std::move(work)))) {
    box->answer.SendProblem(503, "The server is busy. Try again later.");
  }
}

std::function<void()> Contained(std::shared_ptr<Call> call, std::function<void(Call&)> work) {
  return [call = std::move(call), work = std::move(work)] {
    try {
      work(*call);
    } catch (const std::exception& error) {
      call->answer.SendProblem(domain::Error{domain::ErrorKind::kInternal, error.what()});
    }
  };
}

}  // namespace volcanion::api
