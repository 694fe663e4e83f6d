#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::test {

struct RawResponse {
  int status = 0;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// The first header of that name, without regard to case.
  std::optional<std::string> Header(std::string_view name) const;
};

/// A blocking TCP client that sends any bytes and reads HTTP/1.1 responses. Whatever takes longer than the time-out,
/// and whatever ends before it should, throws std::runtime_error. Not thread-safe.
class RawClient {
 public:
  struct Options {
    std::chrono::milliseconds timeout{30'000};  ///< for each call
    int receive_buffer = 0;                     ///< SO_RCVBUF in bytes; 0: the system's choice
    std::string host = "127.0.0.1";
    std::string from = {};  ///< numeric address of this end; empty: the system's choice
  };

  explicit RawClient(std::uint16_t port) : RawClient(port, Options()) {}
  RawClient(std::uint16_t port, const Options& options);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&& other) noexcept;

  /// Sends all of it.
  void Send(std::string_view bytes);
  /// Sends what the connection takes within `patience`; the number of bytes taken.
  std::size_t SendWhatFits(std::string_view bytes, std::chrono::milliseconds patience);
  /// Tells the server that nothing more will be sent.
  void FinishSending();

  /// One response, framed by Content-Length or chunks; `head`: the answer to HEAD, which has no body.
  RawResponse ReadResponse(bool head = false);
  /// At least one byte and at most `most`; empty when the server has closed.
  std::string ReadSome(std::size_t most);
  /// All until the server closes.
  std::string ReadUntilClose();
  /// True when the server closes without sending anything more. A reset throws.
  bool IsClosedByServer();
  /// True when bytes or the server's close can be read within `patience`.
  bool CanReadWithin(std::chrono::milliseconds patience);

  /// Closes now; `reset`: with a RST instead of a FIN.
  void Close(bool reset = false);
  int fd() const { return fd_; }

 private:
  std::string TakeChunks(const std::function<void()>& more);
  void WaitFor(short events, std::chrono::milliseconds patience, const char* what) const;

  int fd_ = -1;
  std::chrono::milliseconds timeout_{};
  std::string unread_;
};

/// Sends a request over a connection of its own and reads the answer.
RawResponse Exchange(std::uint16_t port, std::string_view request);

}  // namespace volcanion::test
