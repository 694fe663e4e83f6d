#include "Api/Middleware/EntityTag.h"

#include <algorithm>
#include <charconv>

namespace volcanion::api {

std::string EntityTag(int revision) { return "\"" + std::to_string(revision) + "\""; }

std::optional<std::vector<int>> ReadIfMatch(const Headers& headers) {
  const auto field = headers.Find("If-Match");
  if (!field || *field == "*") return std::nullopt;
  std::vector<int> revisions;
  for (auto rest = *field; !rest.empty();) {
    auto tag = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(tag.size() + 1, rest.size()));
    tag.remove_prefix(std::min(tag.find_first_not_of(" \t"), tag.size()));
    tag = tag.substr(0, tag.find_last_not_of(" \t") + 1);
    if (tag.size() < 3 || !tag.starts_with('"') || !tag.ends_with('"')) continue;
    int revision = 0;
    const auto end = tag.data() + tag.size() - 1;
    const auto [stopped, error] = std::from_chars(tag.data() + 1, end, revision);
    if (error == std::errc() && stopped == end) revisions.push_back(revision);
  }
  return revisions;
}

}  // namespace volcanion::api
