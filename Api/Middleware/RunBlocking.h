#pragma once

#include "Api/BlockingPool.h"
#include "Api/Middleware/Call.h"

#include <functional>
#include <memory>

namespace volcanion::api {

/// Goes on with a call on a thread that may wait for a database; 503 when too many calls wait already,
/// and when it has waited for longer than the pool's longest wait.
void RunBlocking(BlockingPool& pool, Call call, std::function<void(Call&)> work);

/// `work` with its call, for any thread: what it throws is answered as a fault of ours.
std::function<void()> Contained(std::shared_ptr<Call> call, std::function<void(Call&)> work);

}  // namespace volcanion::api
