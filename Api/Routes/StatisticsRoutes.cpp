#include "Api/Routes/StatisticsRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Routes/EventQuestion.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::api {
namespace {

using application::EventCounts;
using application::EventQuery;
using application::EventStatisticsHandler;
using application::EventSummary;
using application::Grouping;
using application::Interval;
using application::Numbers;
using application::NumbersQuery;
using application::NumberSummary;
using application::SeriesQuery;
using application::SummaryQuery;
using application::TimeSeries;
using domain::Result;

constexpr std::array<std::pair<std::string_view, Interval>, 4> kIntervals = {
    {{"minute", Interval::kMinute}, {"hour", Interval::kHour}, {"day", Interval::kDay}, {"week", Interval::kWeek}}};
constexpr std::array<std::pair<std::string_view, Grouping>, 4> kGroupings = {{{"eventName", Grouping::kEventName},
                                                                              {"verdict", Grouping::kVerdict},
                                                                              {"isValid", Grouping::kIsValid},
                                                                              {"system", Grouping::kSystem}}};
constexpr std::string_view kPropertyPrefix = "property.";
constexpr std::string_view kPathRule =
    "must name a member: by names with dots between them, or by a JSON Pointer, such as a.b or /a/b";

void WriteTime(JsonText& json, const std::optional<domain::Timestamp>& time) {
  time ? json.Text(domain::FormatRfc3339(*time)) : json.Null();
}

void WriteCounts(JsonText& json, const EventCounts& counts) {
  json.Name("events").Integer(counts.events());
  json.Name("valid").Integer(counts.valid);
  json.Name("invalid").Integer(counts.invalid);
  json.Name("unjudged").Integer(counts.unjudged);
  json.Name("duplicates").Integer(counts.duplicates);
}

Result<std::string> WriteSummary(EventStatisticsHandler& handler, const SummaryQuery& question) {
  const auto found = handler.Handle(question);
  if (!found) return found.error();
  JsonText json;
  json.BeginObject();
  json.Name("totals").BeginObject();
  WriteCounts(json, found->totals);
  json.EndObject();
  json.Name("byEvent").BeginArray();
  for (const auto& of_name : found->by_name) {
    json.BeginObject();
    json.Name("eventName").Text(of_name.event_name);
    WriteCounts(json, of_name.counts);
    json.EndObject();
  }
  json.EndArray();
  json.Name("moreEventNames").Integer(static_cast<std::int64_t>(found->more_names));
  json.Name("uniqueUsers").BeginObject();
  json.Name("count").Integer(found->users.count);
  json.Name("isExact").Boolean(found->users.is_exact);
  json.Name("relativeError").Number(found->users.relative_error);
  json.EndObject();
  json.Name("firstEventAt");
  WriteTime(json, found->first_at);
  json.Name("lastEventAt");
  WriteTime(json, found->last_at);
  json.EndObject();
  return json.Take();
}

void WritePoints(JsonText& json, Interval interval, const std::string& time_zone,
                 const std::vector<domain::Timestamp>& points) {
  const auto* name =
      std::find_if(kIntervals.begin(), kIntervals.end(), [&](const auto& known) { return known.second == interval; });
  json.Name("interval").Text(name->first);
  json.Name("timeZone").Text(time_zone);
  json.Name("points").BeginArray();
  for (const auto point : points) json.Text(domain::FormatRfc3339(point));
  json.EndArray();
}

Result<std::string> WriteSeries(EventStatisticsHandler& handler, const SeriesQuery& question) {
  const auto found = handler.Handle(question);
  if (!found) return found.error();
  JsonText json;
  json.BeginObject();
  WritePoints(json, question.interval, question.time_zone, found->points);
  json.Name("series").BeginArray();
  for (const auto& series : found->series) {
    json.BeginObject();
    json.Name("group");
    const bool has_name = question.grouping != Grouping::kNone && series.kind == TimeSeries::Kind::kGroup;
    has_name ? json.Text(series.group) : json.Null();
    json.Name("isOther").Boolean(series.kind == TimeSeries::Kind::kOther);
    json.Name("total").Integer(series.total);
    json.Name("counts").BeginArray();
    for (const auto count : series.counts) json.Integer(count);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

/// A number, or null for what is none: the texts of an empty summary.
void WriteNumber(JsonText& json, const std::string& text) { text.empty() ? json.Null() : json.Raw(text); }

void WriteNumberMembers(JsonText& json, const NumberSummary& summary, const std::vector<std::string>& percentiles) {
  json.Name("count").Integer(summary.count);
  json.Name("sum");
  WriteNumber(json, summary.sum);
  json.Name("average");
  WriteNumber(json, summary.average);
  json.Name("minimum");
  WriteNumber(json, summary.minimum);
  json.Name("maximum");
  WriteNumber(json, summary.maximum);
  json.Name("percentiles").BeginObject();
  for (std::size_t i = 0; i < percentiles.size(); ++i) {
    json.Name("p" + percentiles[i]);
    WriteNumber(json, i < summary.percentiles.size() ? summary.percentiles[i] : "");
  }
  json.EndObject();
}

/// A question on numbers, with its percentiles as they were written.
struct NumbersAsked {
  NumbersQuery query;
  std::vector<std::string> percentiles;
};

Result<std::string> WriteNumbers(EventStatisticsHandler& handler, const NumbersAsked& asked) {
  const auto found = handler.Handle(asked.query);
  if (!found) return found.error();
  JsonText json;
  json.BeginObject();
  WriteNumberMembers(json, found->total, asked.percentiles);
  if (asked.query.interval) {
    WritePoints(json, *asked.query.interval, asked.query.time_zone, found->points);
    json.Name("byPoint").BeginArray();
    for (const auto& summary : found->by_point) {
      json.BeginObject();
      WriteNumberMembers(json, summary, asked.percentiles);
      json.EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
  return json.Take();
}

std::optional<Interval> ReadInterval(QueryReader& parameters) {
  const auto text = parameters.Text("interval");
  if (!text) return std::nullopt;
  for (const auto& [name, interval] : kIntervals) {
    if (*text == name) return interval;
  }
  parameters.Note("interval", "wrong_value", "must be minute, hour, day or week");
  return std::nullopt;
}

void ReadGrouping(QueryReader& parameters, SeriesQuery& question) {
  const auto text = parameters.Text("groupBy");
  if (!text) return;
  for (const auto& [name, grouping] : kGroupings) {
    if (*text == name) question.grouping = grouping;
  }
  if (question.grouping != Grouping::kNone) return;
  if (!text->starts_with(kPropertyPrefix)) {
    return parameters.Note("groupBy", "wrong_value",
                           "must be eventName, verdict, isValid, system or property. with the name of a member");
  }
  auto path = ReadMemberPath(std::string_view(*text).substr(kPropertyPrefix.size()));
  if (!path) return parameters.Note("groupBy", "wrong_name", std::string(kPathRule));
  question.grouping = Grouping::kProperty;
  question.property = *std::move(path);
}

/// "50,90,99.9": texts, of which each that is a number is added to `percentiles`.
std::vector<std::string> ReadPercentiles(QueryReader& parameters, std::vector<double>& percentiles) {
  const auto list = parameters.Text("percentiles").value_or("50,90,95,99");
  std::vector<std::string> texts;
  std::string_view rest = list;
  while (!rest.empty()) {
    const auto text = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    double percentile = 0;
    const auto [stopped, error] =
        std::from_chars(text.data(), text.data() + text.size(), percentile, std::chars_format::fixed);
    if (error != std::errc() || stopped != text.data() + text.size()) {
      parameters.Note("percentiles", "wrong_value", "must be numbers from 0 to 100 with commas between them");
      return {};
    }
    if (std::find(texts.begin(), texts.end(), text) != texts.end()) continue;
    texts.emplace_back(text);
    percentiles.push_back(percentile);
  }
  return texts;
}

/// The scope of a question on a system, or on a partner.
using ReadScope = Result<EventQuery> (*)(const Call& call);

Result<EventQuery> OfSystem(const Call& call) {
  const auto system = PathId<domain::PartnerSystemId>(call, "partner system");
  if (!system) return system.error();
  EventQuery scope;
  scope.partner = call.owner;
  scope.systems = {*system};
  return scope;
}

Result<EventQuery> OfPartner(const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  EventQuery scope;
  scope.partner = call.owner;
  scope.is_of_all_systems = true;
  return scope;
}

application::AnswerScope ScopeOf(const EventQuery& scope) { return {scope.partner, scope.from, scope.to}; }

Result<Reading> Summary(EventStatisticsHandler& handler, const Call& call, EventQuery scope, QueryReader& parameters) {
  SummaryQuery question{std::move(scope)};
  question.stop = call.request.hung_up;
  question.scope.event_name = parameters.Text("eventName");
  question.scope.from = parameters.Time("from");
  question.scope.to = parameters.Time("to");
  question.exact_users = parameters.Boolean("exact").value_or(false);
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  const bool is_analysis = application::IsAnalysis(question);
  return Reading{ScopeOf(question.scope),
                 [&handler, question = std::move(question)] { return WriteSummary(handler, question); }, is_analysis};
}

Result<Reading> OverTime(EventStatisticsHandler& handler, const Call& call, EventQuery scope, QueryReader& parameters) {
  SeriesQuery question{std::move(scope)};
  question.stop = call.request.hung_up;
  ReadEventFilters(parameters, question.scope);
  question.interval = ReadInterval(parameters).value_or(Interval::kHour);
  question.time_zone = parameters.Text("timeZone").value_or("UTC");
  ReadGrouping(parameters, question);
  question.top = static_cast<std::size_t>(std::max(parameters.Integer("top", 20), 0));
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  const bool is_analysis = application::IsAnalysis(question);
  return Reading{ScopeOf(question.scope),
                 [&handler, question = std::move(question)] { return WriteSeries(handler, question); }, is_analysis};
}

Result<Reading> OfNumbers(EventStatisticsHandler& handler, const Call& call, EventQuery scope,
                          QueryReader& parameters) {
  NumbersAsked asked{{std::move(scope), {}, {}}, {}};
  asked.query.stop = call.request.hung_up;
  ReadEventFilters(parameters, asked.query.scope);
  if (const auto property = parameters.Text("property")) {
    if (auto path = ReadMemberPath(*property)) {
      asked.query.property = *std::move(path);
    } else {
      parameters.Note("property", "wrong_name", std::string(kPathRule));
    }
  }
  asked.percentiles = ReadPercentiles(parameters, asked.query.percentiles);
  asked.query.interval = ReadInterval(parameters);
  asked.query.time_zone = parameters.Text("timeZone").value_or("UTC");
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  const bool is_analysis = application::IsAnalysis(asked.query);
  return Reading{ScopeOf(asked.query.scope),
                 [&handler, asked = std::move(asked)] { return WriteNumbers(handler, asked); }, is_analysis};
}

}  // namespace

void AddStatisticsRoutes(ReadingRoutes& routes, EventStatisticsHandler& statistics) {
  using enum Access::Owner;
  using Read = Result<Reading> (*)(EventStatisticsHandler&, const Call&, EventQuery, QueryReader&);
  const auto add = [&](std::string_view pattern, Access::Owner owner, ReadScope scope_of, Read read) {
    routes.Add(pattern, Access::Member(owner, domain::Scope::kEventsRead),
               [&statistics, scope_of, read](const Call& call, QueryReader& parameters) -> Result<Reading> {
                 auto scope = scope_of(call);
                 if (!scope) return std::move(scope).error();
                 return read(statistics, call, *std::move(scope), parameters);
               });
  };
  add("/api/statistics/partner-system/{id}", kSystem, OfSystem, Summary);
  add("/api/statistics/partner-system/{id}/timeseries", kSystem, OfSystem, OverTime);
  add("/api/statistics/partner-system/{id}/numbers", kSystem, OfSystem, OfNumbers);
  add("/api/statistics/partner/{id}", kPartner, OfPartner, Summary);
  add("/api/statistics/partner/{id}/timeseries", kPartner, OfPartner, OverTime);
  add("/api/statistics/partner/{id}/numbers", kPartner, OfPartner, OfNumbers);
}

}  // namespace volcanion::api
