#include "tests/support/RedisServer.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace volcanion::test {

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
  auto pattern = (std::filesystem::temp_directory_path() / "volcanion-redis-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for Redis");
  folder_ = pattern;
  Start();
}

RedisServer::~RedisServer() {
  process_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RedisServer::Start() {
  Process::Settings settings{.program = "/usr/bin/redis-server"};
  settings.arguments = {"--port", "0", "--unixsocket", socket_path().string(), "--save", "", "--dir", folder_.string()};
  settings.arguments.insert(settings.arguments.end(), options_.begin(), options_.end());
  process_ = std::make_unique<Process>(settings);
  (void)process_->WaitForLine("ready to accept connections");
}

std::string RedisServer::Say(const std::string& line) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path().c_str(), sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (fd >= 0) ::close(fd);
    throw std::runtime_error("Redis cannot be reached");
  }
  const auto text = line + "\r\n";
  std::string reply;
  if (::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
    char c = 0;
    while (::recv(fd, &c, 1, 0) == 1 && c != '\r') reply.push_back(c);
  }
  ::close(fd);
  return reply;
}

}  // namespace volcanion::test
