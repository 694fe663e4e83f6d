#pragma once

#include "Api/Http/HttpServer.h"

#include <functional>

namespace volcanion::api {

/// Where a Responder's answer goes. Each function may be called from any thread; of the three, one is called, once.
class Responder::Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void Answer(Response response) = 0;
  virtual void AnswerMade(std::function<Response()> make) = 0;
  /// The responder was destroyed unused.
  virtual void Abandon() = 0;
};

}  // namespace volcanion::api
