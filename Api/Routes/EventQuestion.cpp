#include "Api/Routes/EventQuestion.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::api {
namespace {

using application::Comparison;
using application::PropertyFilter;
using domain::Verdict;

constexpr std::size_t kMaxPathNames = 64;  // as deep as properties may be

/// "true" or "false".
std::optional<bool> ReadBoolean(QueryReader& query, std::string_view name) {
  const auto text = query.Text(name);
  if (!text) return std::nullopt;
  if (*text != "true" && *text != "false") query.Note(name, "wrong_value", "must be true or false");
  return *text == "true";
}

bool ReadDescending(QueryReader& query) {
  const auto order = query.Text("order");
  if (order && *order != "desc" && *order != "asc") query.Note("order", "wrong_value", "must be desc or asc");
  return order != "asc";
}

std::optional<Verdict::Outcome> ReadVerdict(QueryReader& query) {
  const auto text = query.Text("verdict");
  if (!text) return std::nullopt;
  for (const auto outcome : {Verdict::Outcome::kValid, Verdict::Outcome::kInvalid, Verdict::Outcome::kUnjudged}) {
    if (*text == domain::ToString(outcome)) return outcome;
  }
  query.Note("verdict", "wrong_value", "must be valid, invalid or unjudged");
  return std::nullopt;
}

/// The names of a JSON Pointer (RFC 6901); nothing for what is none.
std::optional<std::vector<std::string>> ReadPointer(std::string_view pointer) {
  std::vector<std::string> path;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    auto token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    std::string name;
    for (; !token.empty(); token.remove_prefix(1)) {
      if (token.front() != '~') {
        name.push_back(token.front());
        continue;
      }
      token.remove_prefix(1);
      if (token.empty() || (token.front() != '0' && token.front() != '1')) return std::nullopt;
      name.push_back(token.front() == '0' ? '~' : '/');
    }
    path.push_back(std::move(name));
  }
  return path;
}

/// Nothing when a name is empty.
std::optional<std::vector<std::string>> SplitAtDots(std::string_view names) {
  std::vector<std::string> path;
  while (true) {
    const auto dot = std::min(names.find('.'), names.size());
    if (dot == 0) return std::nullopt;
    path.emplace_back(names.substr(0, dot));
    if (dot == names.size()) return path;
    names.remove_prefix(dot + 1);
  }
}

/// A parameter's name behind `property.` and its value, as they were before they were split at the first '=': which may
/// be none, as in `amount>100`, or one that was percent-encoded.
std::string ExpressionOf(std::string name, const std::string& value) {
  const bool was_split =
      !value.empty() || name.ends_with('<') || name.ends_with('>') || name.find_first_of("<>=") == std::string::npos;
  return was_split ? std::move(name.append("=").append(value)) : std::move(name);
}

std::optional<PropertyFilter> ReadProperty(std::string_view expression) {
  PropertyFilter filter;
  const auto sign = expression.find_first_of("<>=");  // is there
  auto name = expression.substr(0, sign);
  auto value = expression.substr(sign + 1);
  if (expression[sign] == '=') {
    if (name.ends_with('!')) {
      name.remove_suffix(1);
      filter.comparison = Comparison::kNotEqual;
    }
  } else {
    const bool is_less = expression[sign] == '<';
    const bool with_equal = value.starts_with('=');
    if (with_equal) value.remove_prefix(1);
    filter.comparison = with_equal ? (is_less ? Comparison::kAtMost : Comparison::kAtLeast)
                                   : (is_less ? Comparison::kLess : Comparison::kGreater);
  }
  auto path = ReadMemberPath(name);
  if (!path) return std::nullopt;
  filter.path = *std::move(path);
  filter.value = value;
  return filter;
}

void ReadProperties(QueryReader& query, std::vector<PropertyFilter>& filters) {
  constexpr std::string_view kFamily = "property.";
  for (const auto& [name, value] : query.Family(kFamily)) {
    ReadPropertyFilter(query, std::string(kFamily) + name, name, value, filters);
  }
}

}  // namespace

void ReadPropertyFilter(QueryReader& query, const std::string& parameter, const std::string& name,
                        const std::string& value, std::vector<PropertyFilter>& filters) {
  auto filter = ReadProperty(ExpressionOf(name, value));
  if (!filter) {
    query.Note(parameter, "wrong_name",
               "must name a member: by names with dots between them, or by a JSON Pointer, such as property.a.b or "
               "property./a/b");
  } else if ((name + value).find('\0') != std::string::npos) {
    query.Note(parameter, "wrong_value", "must not have U+0000");
  } else if (filters.size() == application::kMaxPropertyFilters) {
    query.Note(parameter, "too_many",
               "is more than " + std::to_string(application::kMaxPropertyFilters) + " conditions on properties");
  } else {
    filters.push_back(*std::move(filter));
  }
}

std::optional<std::vector<std::string>> ReadMemberPath(std::string_view name) {
  auto path = name.starts_with('/') ? ReadPointer(name) : SplitAtDots(name);
  if (path && path->size() > kMaxPathNames) path.reset();
  return path;
}

void ReadEventFilters(QueryReader& parameters, application::EventQuery& query) {
  query.event_name = parameters.Text("eventName");
  query.from = parameters.Time("from");
  query.to = parameters.Time("to");
  if (!query.user_id) query.user_id = parameters.Text("userId");
  query.anonymous_id = parameters.Text("anonymousId");
  query.correlation_id = parameters.Text("correlationId");
  query.is_valid = ReadBoolean(parameters, "isValid");
  query.verdict = ReadVerdict(parameters);
  query.violation_keyword = parameters.Text("violation.keyword");
  query.violation_pointer = parameters.Text("violation.pointer");
  ReadProperties(parameters, query.properties);
}

void ReadEventQuestion(QueryReader& parameters, application::FindEvents& question) {
  auto& query = question.query;
  ReadEventFilters(parameters, query);
  query.descending = ReadDescending(parameters);
  query.limit = parameters.Integer("limit", query.limit);
  question.cursor = parameters.Text("cursor");
}

}  // namespace volcanion::api
