#include "Api/Json/EventDecoder.h"

#include "Api/Json/JsonSplit.h"
#include "Application/JsonRepair.h"
#include "Domain/JsonPointer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::api {
namespace {

using application::IncomingEvent;
using domain::Error;
using domain::ErrorKind;
using domain::EventReport;
using domain::Fault;

// Of one event; more than any honest one has.
constexpr SplitLimits kEventLimits{.max_values = 100};
// A batch is taken apart before its events are: what is wrong inside one of them is for that event to answer for. Deep
// enough for that, and shallow enough for the reader's own stack, which is on the heap.
constexpr int kMaxBatchDepth = 100'000;

constexpr std::string_view kMembers =
    "eventId, eventName, eventTimestamp, userId, anonymousId, schemaVersion, properties";

/// Fills a report from the members of an event, noting every fault on the way.
class ReportReader {
 public:
  explicit ReportReader(std::string_view text) : text_(text) { seen_.reserve(8); }

  void Read(JsonMember& member) {
    if (std::ranges::find(seen_, member.name) != seen_.end()) {
      return Note(member.name, "duplicate_member", "must stand once only");
    }
    seen_.push_back(member.name);
    auto& value = member.value;
    // Null stands for "not given": serializers of many languages write it for an empty optional.
    const bool given = value.kind != JsonKind::kNull;
    if (member.name == "eventName") {
      named_ = true;
      if (ExpectString(member)) report_.event_name = std::move(value.string);
    } else if (member.name == "eventId") {
      if (given && ExpectString(member)) report_.event_id = std::move(value.string);
    } else if (member.name == "userId") {
      if (given && ExpectString(member)) report_.user_id = std::move(value.string);
    } else if (member.name == "anonymousId") {
      if (given && ExpectString(member)) report_.anonymous_id = std::move(value.string);
    } else if (member.name == "eventTimestamp") {
      if (given && ExpectString(member)) ReadTimestamp(value.string);
    } else if (member.name == "schemaVersion") {
      if (given) ReadSchemaVersion(value);
    } else if (member.name == "properties") {
      if (given) ReadProperties(value);
    } else {
      Note(member.name, "unknown_member",
           "is not a member of an event (" + std::string(kMembers) + "); put your own data under properties");
    }
  }

  domain::Result<EventReport> Finish() && {
    if (!named_) Note("eventName", "required", "is required");
    if (!faults_.empty()) return Error{ErrorKind::kInvalid, "The event breaks a rule.", std::move(faults_)};
    report_.raw = text_;
    return std::move(report_);
  }

 private:
  void Note(std::string_view member, std::string code, std::string message) {
    std::string pointer;
    domain::AppendPointerToken(member, pointer);
    faults_.push_back({std::move(pointer), std::move(code), std::move(message)});
  }

  bool ExpectString(const JsonMember& member) {
    if (member.value.kind != JsonKind::kString) {
      Note(member.name, "wrong_type", "must be a string");
      return false;
    }
    // Decoded, all lone surrogates are the same character: two ids would become one.
    const auto sent = member.value.In(text_);
    if (!application::MayHoldSurrogates(sent)) return true;
    std::string repaired(sent);
    (void)application::RepairJson(repaired);
    if (repaired == sent) return true;
    Note(member.name, "lone_surrogate", "must not contain half of a surrogate pair");
    return false;
  }

  void ReadTimestamp(std::string_view text) {
    report_.event_timestamp = domain::ParseRfc3339(text);
    if (!report_.event_timestamp) {
      Note("eventTimestamp", "malformed_time", "must be an RFC 3339 date and time, such as 2026-11-20T10:00:00Z");
    }
  }

  void ReadSchemaVersion(const JsonSpan& value) {
    const auto digits = value.In(text_);
    int version = 0;
    const auto end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, version);
    if (value.kind != JsonKind::kNumber || error != std::errc() || stopped != end) {
      return Note("schemaVersion", "wrong_type", "must be an integer from 1");
    }
    report_.schema_version = version;
  }

  void ReadProperties(const JsonSpan& value) {
    if (value.kind != JsonKind::kObject) return Note("properties", "wrong_type", "must be a JSON object");
    report_.properties_at = value.begin;
    report_.properties_size = value.size;
  }

  std::string_view text_;
  EventReport report_;
  bool named_ = false;
  std::vector<std::string_view> seen_;  // names of members that outlive the reader
  std::vector<Fault> faults_;
};

domain::Result<EventReport> ReadMembers(std::string_view text, std::vector<JsonMember>& members) {
  ReportReader reader(text);
  for (auto& member : members) reader.Read(member);
  return std::move(reader).Finish();
}

domain::Result<EventReport> ReadReport(std::string_view text, const EventLimits& limits) {
  if (text.size() > limits.max_event_bytes) {
    const auto message =
        "must be at most " + std::to_string(limits.max_event_bytes) + " bytes; has " + std::to_string(text.size());
    return Error{ErrorKind::kTooLarge, "The event is too large.", {{"", "too_large", message}}};
  }
  auto members = SplitObject(text, kEventLimits);
  if (!members) return std::move(members).error();
  return ReadMembers(text, *members);
}

/// Decodes a batch in one pass. Nothing when it is not all well formed, or in some way that takes a closer look.
std::optional<std::vector<IncomingEvent>> DecodeAtOnce(std::string_view text, const EventLimits& limits) {
  std::vector<IncomingEvent> events;
  bool too_large = false;
  const bool is_list = SplitObjectList(text, "events", limits.max_batch_events, kEventLimits,
                                       [&](const JsonSpan& object, std::vector<JsonMember>& members) {
                                         const auto event = object.In(text);
                                         too_large = too_large || event.size() > limits.max_event_bytes;
                                         if (!too_large) events.push_back({event, ReadMembers(event, members)});
                                       });
  if (!is_list || too_large) return std::nullopt;
  return events;
}

Error TooFewOrMany(std::size_t count, const char* pointer, const EventLimits& limits) {
  const auto message = "must hold 1 to " + std::to_string(limits.max_batch_events) + " events; holds " +
                       (count > limits.max_batch_events ? "more" : std::to_string(count));
  return {ErrorKind::kInvalid, "The batch breaks a rule.", {{pointer, "out_of_range", message}}};
}

}  // namespace

IncomingEvent DecodeEvent(std::string_view text, const EventLimits& limits) { return {text, ReadReport(text, limits)}; }

domain::Result<std::vector<IncomingEvent>> DecodeBatch(std::string_view text, const EventLimits& limits) {
  if (auto events = DecodeAtOnce(text, limits)) return *std::move(events);
  const SplitLimits of_body{kMaxBatchDepth, 1, false};
  const SplitLimits of_list{kMaxBatchDepth, limits.max_batch_events, false};
  const auto members = SplitObject(text, of_body);
  if (!members && members.error().kind == ErrorKind::kMalformed) return members.error();
  if (!members || members->size() != 1 || members->front().name != "events") {
    return Error{ErrorKind::kInvalid,
                 "The batch breaks a rule.",
                 {{"", "wrong_members", "must be an object with the one member events, an array"}}};
  }
  const auto list = members->front().value.In(text);
  auto elements = SplitArray(list, of_list);
  if (!elements) {
    auto error = std::move(elements).error();
    for (auto& fault : error.faults) fault.pointer = "/events";
    return error;
  }
  if (elements->empty()) return TooFewOrMany(0, "/events", limits);
  std::vector<IncomingEvent> events;
  events.reserve(elements->size());
  for (const auto& element : *elements) events.push_back(DecodeEvent(element.In(list), limits));
  return events;
}

domain::Result<std::vector<IncomingEvent>> DecodeLines(std::string_view text, const EventLimits& limits) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (lines.size() == limits.max_batch_events) return TooFewOrMany(lines.size() + 1, "", limits);
    lines.push_back(line);
  }
  if (lines.empty()) return TooFewOrMany(0, "", limits);
  std::vector<IncomingEvent> events;
  events.reserve(lines.size());
  for (const auto line : lines) events.push_back(DecodeEvent(line, limits));
  return events;
}

}  // namespace volcanion::api
