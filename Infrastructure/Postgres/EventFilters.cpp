#include "Infrastructure/Postgres/EventFilters.h"

#include "Infrastructure/Postgres/SociRows.h"
#include "Infrastructure/Postgres/TextArray.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {
namespace {

using application::Comparison;
using application::EventQuery;
using application::PropertyFilter;
using domain::Verdict;

constexpr std::size_t kMaxNumberBytes = 64;
constexpr int kMaxExponent = 400;

std::size_t SkipDigits(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

/// A number of JSON (RFC 8259, section 6) that PostgreSQL's numeric holds without effort.
bool IsNumber(std::string_view text) {
  if (text.size() > kMaxNumberBytes) return false;
  std::size_t at = text.starts_with('-') ? 1 : 0;
  auto end = SkipDigits(text, at);
  if (end == at || (text[at] == '0' && end > at + 1)) return false;
  if (end < text.size() && text[end] == '.') {
    at = end + 1;
    end = SkipDigits(text, at);
    if (end == at) return false;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    const auto sign = end + 1;
    at = sign < text.size() && (text[sign] == '+' || text[sign] == '-') ? sign + 1 : sign;
    end = SkipDigits(text, at);
    if (end == at || end - at > 4 || std::abs(std::atoi(std::string(text.substr(at)).c_str())) > kMaxExponent)
      return false;
  }
  return end == text.size();
}

std::string_view Test(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return " = 0";
    case Comparison::kNotEqual:
      return " IS DISTINCT FROM 0";
    case Comparison::kLess:
      return " < 0";
    case Comparison::kAtMost:
      return " <= 0";
    case Comparison::kGreater:
      return " > 0";
    case Comparison::kAtLeast:
      break;
  }
  return " >= 0";
}

// SOCI binds by name, and names are literals.
struct PropertyNames {
  const char *path, *value, *number;
};
constexpr std::array<PropertyNames, 10> kNames = {{{"path0", "value0", "number0"},
                                                   {"path1", "value1", "number1"},
                                                   {"path2", "value2", "number2"},
                                                   {"path3", "value3", "number3"},
                                                   {"path4", "value4", "number4"},
                                                   {"path5", "value5", "number5"},
                                                   {"path6", "value6", "number6"},
                                                   {"path7", "value7", "number7"},
                                                   {"path8", "value8", "number8"},
                                                   {"path9", "value9", "number9"}}};
static_assert(kNames.size() == application::kMaxPropertyFilters);

bool AsksForViolation(const EventQuery& query) { return query.violation_keyword || query.violation_pointer; }

void AddViolation(const EventQuery& query, Conditions& conditions) {
  conditions.Add("validation_errors IS NOT NULL");
  std::string condition = "read.has_violation(validation_errors, ";
  condition.append(query.violation_keyword ? ":violation_keyword" : "NULL").append(", ");
  condition.append(query.violation_pointer ? ":violation_pointer" : "NULL").append(")");
  conditions.Add(condition);
  if (query.violation_keyword) conditions.Bind("violation_keyword", *query.violation_keyword);
  if (query.violation_pointer) conditions.Bind("violation_pointer", *query.violation_pointer);
}

/// Whether only events that are not valid fit.
bool AsksForNotValid(const EventQuery& query) {
  return query.is_valid == false || (query.verdict && *query.verdict != Verdict::Outcome::kValid);
}

void AddName(const EventQuery& query, Conditions& conditions) {
  if (query.event_name) conditions.Add("event_name = :event_name", "event_name", *query.event_name);
}

void AddVerdict(const EventQuery& query, Conditions& conditions) {
  if (query.is_valid) conditions.Add(*query.is_valid ? "is_valid" : "NOT is_valid");
  if (!query.verdict) return;
  switch (*query.verdict) {
    case Verdict::Outcome::kValid:
      return conditions.Add("is_valid");
    case Verdict::Outcome::kInvalid:
      return conditions.Add("NOT is_valid AND NOT is_unjudged");
    case Verdict::Outcome::kUnjudged:
      return conditions.Add("NOT is_valid AND is_unjudged");
  }
}

/// How many kinds of filters there are, time aside.
int KindsOfFilters(const EventQuery& query) {
  return query.event_name.has_value() + query.user_id.has_value() + query.anonymous_id.has_value() +
         (query.is_valid || query.verdict) + AsksForViolation(query) + !query.properties.empty();
}

}  // namespace

std::string BindProperty(const PropertyFilter& property, std::size_t number, Conditions& conditions) {
  const auto& names = kNames.at(number);
  const bool is_number = IsNumber(property.value);
  conditions.Bind(names.path, TextArray(property.path));
  conditions.Bind(names.value, property.value);
  if (is_number) conditions.Bind(names.number, property.value);
  std::string condition = "read.compare_member(properties, :";
  condition.append(names.path).append("::text[], :").append(names.value).append("::text, ");
  condition.append(is_number ? std::string(":") + names.number + "::numeric" : "NULL").append(")");
  return condition.append(Test(property.comparison));
}

bool IsIndexed(const EventQuery& query) {
  if (query.correlation_id) return false;
  if (AsksForViolation(query) || !query.properties.empty()) return false;
  if (query.is_valid && query.verdict) return false;
  if (query.is_valid == true || query.verdict == Verdict::Outcome::kValid ||
      query.verdict == Verdict::Outcome::kInvalid)
    return false;
  const int kinds = KindsOfFilters(query);
  return kinds <= 1 || (kinds == 2 && query.event_name && query.is_valid == false);
}

void AddRange(const EventQuery& query, Conditions& conditions) {
  if (query.from) conditions.Add("event_timestamp >= :from::timestamptz", "from", domain::FormatRfc3339(*query.from));
  if (query.to) conditions.Add("event_timestamp < :to::timestamptz", "to", domain::FormatRfc3339(*query.to));
  if (!query.after) return;
  // Written as the indexes are ordered.
  conditions.Add(query.descending
                     ? "(event_timestamp, tracking_event_id) < (:after_time::timestamptz, :after_id::uuid)"
                     : "(event_timestamp, tracking_event_id) > (:after_time::timestamptz, :after_id::uuid)",
                 "after_time", domain::FormatRfc3339(query.after->event_timestamp));
  conditions.Bind("after_id", query.after->tracking_event_id.ToString());
}

// The narrowest first.
void AddIndexedFilters(const EventQuery& query, Conditions& conditions) {
  if (query.user_id) {
    conditions.Add("user_id = :user_id", "user_id", *query.user_id);
  } else if (query.anonymous_id) {
    conditions.Add("anonymous_id = :anonymous_id", "anonymous_id", *query.anonymous_id);
  } else if (query.verdict == Verdict::Outcome::kUnjudged) {
    conditions.Add("is_unjudged");
  } else if (AsksForNotValid(query)) {
    conditions.Add("NOT is_valid");
    AddName(query, conditions);
  } else if (AsksForViolation(query)) {
    conditions.Add("validation_errors IS NOT NULL");
  } else {
    AddName(query, conditions);
  }
  AddRange(query, conditions);
}

void AddFilters(const EventQuery& query, Conditions& conditions) {
  AddName(query, conditions);
  if (query.user_id) conditions.Add("user_id = :user_id", "user_id", *query.user_id);
  if (query.anonymous_id) conditions.Add("anonymous_id = :anonymous_id", "anonymous_id", *query.anonymous_id);
  if (query.correlation_id) conditions.Add("correlation_id = :correlation_id", "correlation_id", *query.correlation_id);
  AddVerdict(query, conditions);
  if (AsksForViolation(query)) AddViolation(query, conditions);
  for (std::size_t i = 0; i < query.properties.size() && i < kNames.size(); ++i)
    conditions.Add(BindProperty(query.properties[i], i, conditions));
}

bool AsksForNul(const EventQuery& query) {
  const auto has_nul = [](const std::optional<std::string>& filter) { return filter && HasNul(*filter); };
  return has_nul(query.event_name) || has_nul(query.user_id) || has_nul(query.anonymous_id) ||
         has_nul(query.correlation_id) || has_nul(query.violation_keyword) || has_nul(query.violation_pointer);
}

}  // namespace volcanion::infrastructure
