#include "Api/Middleware/EntityTag.h"

#include "Application/Queries/PageCursor.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace volcanion::api {
namespace {

/// What follows the revision in the tags of a thing.
std::string EndOfTags(std::string_view thing) {
  application::Fingerprint print;
  print.Add(thing);
  char end[32];
  std::snprintf(end, sizeof end, "-%016llx\"", static_cast<unsigned long long>(print.value()));
  return end;
}

}  // namespace

std::string EntityTag(std::string_view thing, int revision) {
  return "\"" + std::to_string(revision) + EndOfTags(thing);
}

std::optional<std::vector<int>> ReadIfMatch(const Headers& headers, std::string_view thing) {
  const auto field = headers.Find("If-Match");
  if (!field || *field == "*") return std::nullopt;
  const auto end_of_tags = EndOfTags(thing);
  std::vector<int> revisions;
  for (auto rest = *field; !rest.empty();) {
    auto tag = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(tag.size() + 1, rest.size()));
    tag.remove_prefix(std::min(tag.find_first_not_of(" \t"), tag.size()));
    tag = tag.substr(0, tag.find_last_not_of(" \t") + 1);
    if (!tag.starts_with('"') || !tag.ends_with(end_of_tags)) continue;
    int revision = 0;
    const auto end = tag.data() + tag.size() - end_of_tags.size();
    const auto [stopped, error] = std::from_chars(tag.data() + 1, end, revision);
    if (error == std::errc() && stopped == end) revisions.push_back(revision);
  }
  return revisions;
}

}  // namespace volcanion::api
