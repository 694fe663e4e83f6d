#include "Api/Middleware/QueryReader.h"

#include "Api/Router.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace volcanion::api {
namespace {

/// Whether it would be a time with a plus for its last blank, as in "2026-11-20T10:00:00 02:00".
bool HasLostPlus(std::string text) {
  const auto blank = text.rfind(' ');
  if (blank == std::string::npos) return false;
  text[blank] = '+';
  return domain::ParseRfc3339(text).has_value();
}

}  // namespace

domain::Result<QueryReader> QueryReader::Open(std::string_view query) {
  auto parameters = ParseQuery(query);
  if (parameters) return QueryReader(*std::move(parameters));
  return domain::Error{domain::ErrorKind::kMalformed, "The query string is not percent-encoded UTF-8."};
}

std::optional<std::string> QueryReader::Text(std::string_view name) {
  asked_.push_back(name);
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  return found == parameters_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::pair<std::string, std::string>> QueryReader::Family(std::string_view prefix) {
  asked_.push_back(prefix);
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [name, value] : parameters_) {
    if (name.starts_with(prefix)) members.emplace_back(name.substr(prefix.size()), value);
  }
  return members;
}

int QueryReader::Integer(std::string_view name, int otherwise) {
  const auto text = Text(name);
  if (!text) return otherwise;
  int number = otherwise;
  const auto end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stopped != end) Note(name, "wrong_value", "must be an integer");
  return number;
}

std::optional<bool> QueryReader::Boolean(std::string_view name) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  if (*text != "true" && *text != "false") Note(name, "wrong_value", "must be true or false");
  return *text == "true";
}

std::optional<domain::Timestamp> QueryReader::Time(std::string_view name) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  auto time = domain::ParseRfc3339(*text);
  if (!time) {
    std::string message = "must be an RFC 3339 date and time, such as 2026-11-20T10:00:00Z";
    if (HasLostPlus(*text)) message += "; write %2B for the + before the offset, as a + in a query is a blank";
    Note(name, "malformed_time", std::move(message));
  }
  return time;
}

void QueryReader::Note(std::string_view name, std::string code, std::string message) {
  faults_.push_back({"/" + std::string(name), std::move(code), std::move(message)});
}

domain::Result<domain::Done> QueryReader::Finish() {
  std::string known;
  for (const auto name : asked_) {
    known.append(known.empty() ? "" : ", ").append(name).append(name.ends_with('.') ? "..." : "");
  }
  const auto is_known = [this](std::string_view name) {
    return std::any_of(asked_.begin(), asked_.end(), [name](std::string_view asked) {
      return asked.ends_with('.') ? name.starts_with(asked) : name == asked;
    });
  };
  std::set<std::string_view> seen;
  for (const auto& [name, value] : parameters_) {
    if (!seen.insert(name).second) {
      Note(name, "duplicate_parameter", "must stand once only");
    } else if (!is_known(name)) {
      Note(name, "unknown_parameter",
           known.empty() ? "is not known here; there are no parameters"
                         : "is not known here; the parameters are " + known);
    }
  }
  if (faults_.empty()) return domain::Done{};
  return domain::Error{domain::ErrorKind::kInvalid, "The question breaks a rule.", std::move(faults_)};
}

}  // namespace volcanion::api
