#pragma once

#include "Api/Http/BodySource.h"
#include "Api/Http/Budget.h"
#include "Api/Http/Deadlines.h"
#include "Api/Http/Exchange.h"
#include "Api/Http/Inbox.h"
#include "Api/Http/RequestReader.h"
#include "Api/Http/ResponseWriter.h"
#include "Api/Http/ServerContext.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace volcanion::api {

/// What a connection needs of the worker that owns it; all of it on the worker's thread.
struct ConnectionHost {
  ConnectionHost(ServerContext& context, std::shared_ptr<Inbox> mail, const Deadlines& waits)
      : server(context), inbox(std::move(mail)), deadlines(waits), received(kReceiveBytes, '\0') {}
  virtual ~ConnectionHost() = default;
  ConnectionHost(const ConnectionHost&) = delete;
  ConnectionHost& operator=(const ConnectionHost&) = delete;

  /// From now on, tell the connection when its socket is readable, or writable, for as long as it is.
  virtual void Watch(int fd, bool readable, bool writable) = 0;
  /// Forgets the socket and closes it.
  virtual void CloseSocket(int fd) = 0;
  /// Calls OnTurn() when the others have had their turn.
  virtual void TakeTurns(std::shared_ptr<Connection> connection) = 0;

  static constexpr std::size_t kReceiveBytes = 64 * 1024;

  ServerContext& server;
  const std::shared_ptr<Inbox> inbox;
  Deadlines deadlines;
  ResponseWriter writer;
  Clock::time_point now = Clock::now();  ///< as of the current turn of the worker's loop, or later in it
  bool leaving = false;                  ///< every answer closes its connection
  bool draining = false;                 ///< and no connection is opened any more
  std::string received;                  ///< where connections receive to, in turn
  std::string head;                      ///< where answers are put together, in turn
};

/// One client's connection: reads requests, has them handled one at a time, sends the answers. Owned by one worker and
/// used on its thread only, but for the functions of Exchange, which any thread may call, also when the connection and
/// its worker have gone.
class Connection final : public Responder::Exchange, public std::enable_shared_from_this<Connection> {
 public:
  /// `host` must outlive the open connection, not the object.
  Connection(ConnectionHost& host, int fd, std::string remote_address, SocketPlace place);
  ~Connection() override;

  void OnReadable();
  void OnWritable();
  /// Closes without a word, and has the kernel forget what it still has for the client.
  void Drop();
  /// Both directions are closed, or the connection is broken.
  void OnHangup() { Close(); }
  void OnTimeout(Wait wait);
  /// Goes on with what it has received.
  void OnTurn();
  /// The server stops: closes soon when no request comes, or not all of it.
  void OnDrain();
  /// It has stopped: answers 503 to a request that has begun, and closes.
  void OnEnd();
  void OnReply(Inbox::Reply reply);

  /// Answers with an error of the protocol and closes, once the client has had a chance to read it.
  void Refuse(int status, std::string_view detail);
  void Close();

  void Answer(Response response) override;
  void AnswerMade(std::function<Response()> make) override;
  void Abandon() override;
  void Continue(std::string bytes, bool is_last) override;
  void BreakOff() override;

 private:
  enum class Phase {
    kReading,   // waiting for a request, or within one
    kHandling,  // a request is with the handler
    kSending,   // the socket has not taken the whole answer yet, or not what there is of it
    kPiecing,   // the source of the answer makes the next piece
    kGoodbye,   // answered for the last time; reading what still comes to nowhere, until the client closes, too
    kClosed,
  };
  // How the client knows where the answer ends that is being sent.
  enum class Ending { kLength, kLastChunk, kClose };

  void Pump(std::string_view bytes);
  bool ReadRequests(std::string_view& bytes);
  void SendContinue();
  void Dispatch();
  Response ResponseOf(Inbox::Reply& reply) const;
  Response ErrorResponse(int status, std::string_view detail, const Headers& headers) const;
  void Send(Response response, bool may_keep_alive);
  void SendPiece(std::string bytes, bool is_last);
  void Transmit(std::string body);
  void AskForPiece();
  void AfterAnswer();
  void SayGoodbye();
  void WatchFor(bool readable, bool writable);
  void Deliver(Inbox::Reply reply);
  std::ptrdiff_t TakenByReader() const;
  bool ReaderMadeProgress();
  /// Within a time that has just passed.
  bool BodyMadeProgress(std::chrono::milliseconds time);
  /// The time that the rest of a request has begins, unless it runs already.
  void ArmForRest();
  /// False when all bodies together hold too much for one that is large.
  bool HasRoomForBody();

  ConnectionHost& host_;
  const std::shared_ptr<Inbox> inbox_;
  const int fd_;
  const std::string remote_address_;
  SocketPlace place_;
  RequestReader reader_;
  Deadlines::Ticket deadline_;  // after all that may throw: the list must not keep what was never built

  Phase phase_ = Phase::kReading;
  bool awaits_turn_ = false;
  bool watch_readable_ = true;
  bool watch_writable_ = false;
  bool client_finished_ = false;  // it sends no more
  std::stop_source hung_up_;      // of all its requests: a client that has gone does not come back
  bool keep_alive_ = true;        // after the answer that is being sent
  bool in_handler_ = false;
  std::optional<Inbox::Reply> at_once_;  // the answer that the handler gave before it returned

  std::string unread_;  // received, but not read by the reader yet
  Charge charge_;
  std::size_t body_seen_ = 0;  // bytes of the body, when its time was armed

  std::shared_ptr<BodySource> rest_;  // makes what is still to come of the answer
  Ending ending_ = Ending::kLength;
  std::string out_head_;  // of the answer that is being sent: what the socket has not taken
  std::string out_body_;
  std::size_t out_sent_ = 0;  // of both
  std::ptrdiff_t taken_ =
      0;  // of out_sent_, what the client's kernel had acknowledged when the reader's time was armed
};

}  // namespace volcanion::api
