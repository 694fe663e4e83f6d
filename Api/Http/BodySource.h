#pragma once

#include "Api/Http/HttpServer.h"

#include <memory>
#include <string>

namespace volcanion::api {

/// The right to give the next piece of a body, once, from any thread. It reaches the connection that asked for it, or
/// nobody when that has gone. Destroyed unused, it breaks the answer off: the connection is closed, and the client
/// sees that something is missing.
class PieceSink {
 public:
  explicit PieceSink(std::shared_ptr<Responder::Exchange> exchange);
  PieceSink(PieceSink&&) noexcept = default;
  PieceSink& operator=(PieceSink&&) = delete;
  ~PieceSink();

  /// `bytes` may be empty; the source is asked for more.
  void Send(std::string bytes) &&;
  /// Ends the body with `bytes`, which may be empty.
  void SendLast(std::string bytes) &&;

 private:
  std::shared_ptr<Responder::Exchange> exchange_;
};

/// Makes the body of an answer while it is being sent, so that it need not be in memory as a whole.
class BodySource {
 public:
  virtual ~BodySource() = default;

  /// Asks for the next piece, which is given to `sink` now or later. Called on the connection's worker thread once the
  /// socket has taken the piece before, and not before that one was given: what is in memory is a piece, however slowly
  /// the client reads. Must not block. The source is destroyed when the last piece was given or the connection has
  /// gone, on whatever thread.
  virtual void Next(PieceSink sink) = 0;
};

}  // namespace volcanion::api
