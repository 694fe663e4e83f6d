#include "Infrastructure/PostgresServer/PidFile.h"

#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace volcanion::infrastructure {

PidFile ReadPidFile(const std::filesystem::path& file) {
  const FileDescriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<char, 4096> buffer{};
  const ssize_t length = fd ? read(fd.get(), buffer.data(), buffer.size()) : 0;
  std::string_view text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  PidFile found;
  for (int line = 1; !text.empty(); ++line) {
    const std::string_view content = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(content.size() + 1, text.size()));
    pid_t pid = 0;
    if (line == 1 && std::from_chars(content.data(), content.data() + content.size(), pid).ec == std::errc{} &&
        pid > 0) {
      found.pid = pid;
    }
    if (line == 8) found.status = content.substr(0, content.find(' '));
  }
  return found;
}

}  // namespace volcanion::infrastructure
