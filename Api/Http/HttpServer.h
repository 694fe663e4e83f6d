#pragma once

#include "Api/Http/Message.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace volcanion::api {

/// The right to answer one request, once, from any thread. It reaches the connection that asked, on the thread that
/// owns it, or nobody when that connection has gone. Destroyed unused, it answers 500: no client waits for ever.
class Responder {
 public:
  class Exchange;  ///< the server's side of it

  explicit Responder(std::shared_ptr<Exchange> exchange);
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) noexcept;  ///< what was held unused is answered as if destroyed
  ~Responder();

  /// Answers.
  void Send(Response response) &&;
  /// Answers with what `make` returns; it runs on the thread that owns the connection, so that a committer does not
  /// spend its time on serializing. `make` is dropped unrun when the connection has gone.
  void SendMade(std::function<Response()> make) &&;

 private:
  std::shared_ptr<Exchange> exchange_;
};

/// Called on the connection's worker thread with each complete request; must not block. It answers at once or keeps
/// the responder for later. Requests of one connection come one at a time, in order.
using RequestHandler = std::function<void(Request, Responder)>;

/// Makes the answer to input that never became a request (400, 408, 413, 414, 431, 503 ...). `detail` is a
/// sentence for the client, `headers` are those that had been read. Called on a worker thread.
using ProtocolErrorAnswer = std::function<Response(int status, std::string_view detail, const Headers& headers)>;

struct HttpServerSettings {
  std::string host = "127.0.0.1";  ///< numeric address to listen on
  std::uint16_t port = 0;          ///< 0: any free port, see HttpServer::port()
  int workers = 2;                 ///< threads that own connections
  std::size_t max_target_bytes = 8 * 1024;
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_header_fields = 100;
  std::size_t max_body_bytes = 4 * 1024 * 1024;
  std::size_t max_connections = 10'000;                ///< and as the limit of descriptors allows; more get 503
  std::size_t max_requests = 4'096;                    ///< with the handler at the same time; more are answered 503
  std::size_t max_buffered_bytes = 256 * 1024 * 1024;  ///< of bodies being read or in hand; large ones beyond get 503
  std::size_t max_unsent_bytes = 256 * 1024 * 1024;  ///< of large answers being sent; beyond, slow readers are dropped
  std::size_t min_body_rate = 16 * 1024;             ///< bytes a second at which body_timeout begins anew
  std::size_t min_read_rate = 16 * 1024;             ///< likewise of an answer, for write_timeout
  std::chrono::milliseconds header_timeout{
      5'000};  ///< from the first byte of a request to the end of its headers; and for the first byte of a connection
  std::chrono::milliseconds body_timeout{10'000};  ///< for a body, unless it comes at min_body_rate
  std::chrono::milliseconds idle_timeout{60'000};  ///< between requests
  std::chrono::milliseconds write_timeout{
      10'000};  ///< for what the socket does not take at once, unless read at min_read_rate
  /// For a client that has sent many requests at once, before the others have their turn; in one turn at least a step.
  std::chrono::milliseconds turn{2};
  /// For a request that is on its way when the server stops, to the end of its headers.
  std::chrono::milliseconds last_call{250};
  /// Then for its body, unless it comes at min_body_rate.
  std::chrono::milliseconds last_body{1'000};
  std::chrono::milliseconds goodbye{2'000};  ///< for a client to read its last answer, and to close as well
};

/// An HTTP/1.1 server: Pistache's TCP layer below, Boost.Beast's parser above. Binds in the constructor (throws
/// std::runtime_error with a message for the operator when it cannot), serves from Start() to Stop().
class HttpServer {
 public:
  HttpServer(HttpServerSettings settings, RequestHandler handler, ProtocolErrorAnswer error_answer);
  ~HttpServer();

  void Start();
  /// The port that is listened on.
  std::uint16_t port() const;
  /// Connections that are open now. Thread-safe.
  std::size_t connections() const;
  /// Of what counts against max_buffered_bytes now. Thread-safe.
  std::size_t buffered_bytes() const;
  /// From now on every answer says that its connection closes, so that clients go elsewhere. Thread-safe.
  void AskToLeave();
  /// Stops accepting, closes idle connections after a moment, lets requests finish that are with the handler, or whose
  /// bodies come at a fair rate, until `drain` has passed, then answers the others with 503, closes the rest and joins
  /// the workers. Half a request that does not go on is answered 503 sooner: see last_call. Idempotent. Not to be
  /// called from a handler.
  void Stop(std::chrono::milliseconds drain);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace volcanion::api
