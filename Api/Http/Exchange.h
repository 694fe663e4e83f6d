#pragma once

#include "Api/Http/HttpServer.h"

#include <functional>
#include <string>

namespace volcanion::api {

/// Where a Responder's answer goes, and then the pieces of its body, where it has a source. Each function may be called
/// from any thread.
class Responder::Exchange {
 public:
  virtual ~Exchange() = default;

  /// Of these three, one is called, once.
  virtual void Answer(Response response) = 0;
  virtual void AnswerMade(std::function<Response()> make) = 0;
  /// The responder was destroyed unused.
  virtual void Abandon() = 0;

  /// Of these two, one is called for each piece that is asked for.
  virtual void Continue(std::string bytes, bool is_last) = 0;
  /// There will be no more of what was begun.
  virtual void BreakOff() = 0;
};

}  // namespace volcanion::api
