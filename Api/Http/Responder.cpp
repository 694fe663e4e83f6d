#include "Api/Http/Exchange.h"
#include "Api/Http/HttpServer.h"

#include <utility>

namespace volcanion::api {

namespace {

void AbandonQuietly(std::shared_ptr<Responder::Exchange> exchange) noexcept {
  if (!exchange) return;
  try {
    exchange->Abandon();
  } catch (...) {
    // Out of memory while giving up: the client's own time-out is all that is left.
  }
}

}  // namespace

Responder::Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) AbandonQuietly(std::exchange(exchange_, std::move(other.exchange_)));
  return *this;
}

Responder::~Responder() { AbandonQuietly(std::move(exchange_)); }

void Responder::Send(Response response) && {
  if (const auto exchange = std::move(exchange_)) exchange->Answer(std::move(response));
}

void Responder::SendMade(std::function<Response()> make) && {
  if (const auto exchange = std::move(exchange_)) exchange->AnswerMade(std::move(make));
}

}  // namespace volcanion::api
