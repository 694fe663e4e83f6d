#include "Api/Middleware/RunBlocking.h"

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

namespace volcanion::api {
namespace {

void SendBusy(const Call& call) { call.answer.SendProblem(503, "The server is busy. Try again later."); }

}  // namespace

void RunBlocking(BlockingPool& pool, Call call, std::function<void(Call&)> work) {
  const auto box = std::make_shared<Call>(std::move(call));  // std::function wants to be copyable
  const auto until = std::chrono::steady_clock::now() + pool.longest_wait();
  // Whoever has waited for so long may have gone, and asked again: what is behind gets its turn the sooner.
  const bool is_taken = pool.Submit(Contained(box, [until, work = std::move(work)](Call& waited) {
    std::chrono::steady_clock::now() > until ? SendBusy(waited) : work(waited);
  }));
  if (!is_taken) SendBusy(*box);
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
