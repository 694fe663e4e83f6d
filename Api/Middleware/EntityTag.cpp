#include "Api/Middleware/EntityTag.h"

#include "Application/Queries/PageCursor.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

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

/// Takes the first one off a list of entity tags, without the blanks around it.
std::string_view TakeTag(std::string_view& list) {
  auto tag = list.substr(0, list.find(','));
  list.remove_prefix(std::min(tag.size() + 1, list.size()));
  tag.remove_prefix(std::min(tag.find_first_not_of(" \t"), tag.size()));
  return tag.substr(0, tag.find_last_not_of(" \t") + 1);
}

std::string_view Opaque(std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; }

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
    const auto tag = TakeTag(rest);
    if (!tag.starts_with('"') || !tag.ends_with(end_of_tags)) continue;
    int revision = 0;
    const auto end = tag.data() + tag.size() - end_of_tags.size();
    const auto [stopped, error] = std::from_chars(tag.data() + 1, end, revision);
    if (error == std::errc() && stopped == end) revisions.push_back(revision);
  }
  return revisions;
}

bool IsKnownTo(const Headers& headers, std::string_view tag) {
  const auto field = headers.Find("If-None-Match");
  if (!field) return false;
  if (*field == "*") return true;
  for (auto rest = *field; !rest.empty();) {
    if (Opaque(TakeTag(rest)) == Opaque(tag)) return true;
  }
  return false;
}

Response Tagged(const Request& request, Response response, std::string_view thing, int revision) {
  auto tag = EntityTag(thing, revision);
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  if (is_read && IsKnownTo(request.headers, tag)) response = {304, {}, {}};
  response.headers.Add("ETag", std::move(tag));
  return response;
}

}  // namespace volcanion::api
