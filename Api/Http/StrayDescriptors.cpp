#include "Api/Http/StrayDescriptors.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace volcanion::api {

std::vector<int> StrayDescriptorsBeside(int descriptor) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo", error)) {
    std::ifstream info(entry.path());
    std::vector<int> watched;
    std::vector<int> by_edge;
    for (std::string line; std::getline(info, line);) {
      int target = -1;
      unsigned events = 0;  // the format of an epoll descriptor: proc(5)
      if (std::sscanf(line.c_str(), "tfd: %d events: %x", &target, &events) != 2) continue;
      watched.push_back(target);
      if ((events & EPOLLET) != 0) by_edge.push_back(target);
    }
    if (std::ranges::find(watched, descriptor) != watched.end()) return by_edge;
  }
  return {};
}

}  // namespace volcanion::api
