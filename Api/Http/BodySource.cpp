#include "Api/Http/BodySource.h"

#include "Api/Http/Exchange.h"

#include <utility>

namespace volcanion::api {

PieceSink::PieceSink(std::shared_ptr<Responder::Exchange> exchange) : exchange_(std::move(exchange)) {}

PieceSink::~PieceSink() {
  if (!exchange_) return;
  try {
    exchange_->BreakOff();
  } catch (...) {
    // Out of memory while giving up: the client's own time-out is all that is left.
  }
}

void PieceSink::Send(std::string bytes) && {
  if (const auto exchange = std::move(exchange_)) exchange->Continue(std::move(bytes), false);
}

void PieceSink::SendLast(std::string bytes) && {
  if (const auto exchange = std::move(exchange_)) exchange->Continue(std::move(bytes), true);
}

}  // namespace volcanion::api
