#include "Infrastructure/Postgres/JobJson.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::EventKey;
using application::Freshness;
using application::JobCheckpoint;
using application::JudgingReport;
using application::JudgingRequest;
using application::SystemReport;
using application::SystemShare;
using application::VerdictTally;
using application::ViolationKind;

/// Members of an object; what is nothing is left out. Times are microseconds since 1970.
class ObjectWriter {
 public:
  void Put(const char* name, bool value) {
    writer_.Key(name);
    writer_.Bool(value);
  }
  void Put(const char* name, std::int64_t value) {
    writer_.Key(name);
    writer_.Int64(value);
  }
  void Put(const char* name, std::string_view value) {
    writer_.Key(name);
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  void Put(const char* name, domain::Timestamp value) { Put(name, std::int64_t{value.time_since_epoch().count()}); }
  template <typename Kind>
  void Put(const char* name, const domain::Id<Kind>& id) {
    Put(name, std::string_view(id.ToString()));
  }
  template <typename T>
  void Put(const char* name, const std::optional<T>& value) {
    if (value) Put(name, *value);
  }
  template <typename Write>
  void Object(const char* name, Write write) {
    if (name != nullptr) writer_.Key(name);
    writer_.StartObject();
    write();
    writer_.EndObject();
  }
  template <typename Items, typename Write>
  void Array(const char* name, const Items& items, Write write) {
    writer_.Key(name);
    writer_.StartArray();
    for (const auto& item : items) Object(nullptr, [&] { write(item); });
    writer_.EndArray();
  }
  std::string Take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

void Write(ObjectWriter& to, const VerdictTally& tally) {
  to.Put("stayedValid", tally.stayed_valid);
  to.Put("stayedInvalid", tally.stayed_invalid);
  to.Put("turnedValid", tally.turned_valid);
  to.Put("turnedInvalid", tally.turned_invalid);
}

void Write(ObjectWriter& to, const JudgingReport& report) {
  Write(to, report.tally);
  to.Put("violating", report.violating);
  to.Put("unjudged", report.unjudged);
  to.Put("eventsBeyond", report.events_beyond);
  to.Put("sampled", report.sampled);
  if (report.as_of) {
    to.Put("position", report.as_of->position);
    to.Put("instant", report.as_of->instant);
  }
  to.Array("kinds", report.kinds, [&](const ViolationKind& kind) {
    to.Put("pointer", std::string_view(kind.pointer));
    to.Put("keyword", std::string_view(kind.keyword));
    to.Put("events", kind.events);
    to.Array("examples", kind.examples, [&](const ViolationKind::Example& example) {
      to.Put("event", example.event);
      to.Put("message", std::string_view(example.message));
    });
  });
  to.Array("systems", report.systems, [&](const SystemReport& system) {
    to.Put("system", system.system);
    to.Put("name", std::string_view(system.name));
    Write(to, system.tally);
  });
}

/// Reads the members of an object.
class ObjectReader {
 public:
  explicit ObjectReader(const rapidjson::Value& value) : value_(value) {
    if (!value.IsObject()) Refuse();
  }

  bool Has(const char* name) const { return value_.HasMember(name); }
  bool Bool(const char* name) const { return Checked(name, &rapidjson::Value::IsBool).GetBool(); }
  std::int64_t Int(const char* name) const { return Checked(name, &rapidjson::Value::IsInt64).GetInt64(); }
  std::string Text(const char* name) const {
    const auto& text = Checked(name, &rapidjson::Value::IsString);
    return {text.GetString(), text.GetStringLength()};
  }
  domain::Timestamp Time(const char* name) const { return domain::Timestamp(std::chrono::microseconds(Int(name))); }
  template <typename Id>
  Id IdOf(const char* name) const {
    const auto id = Id::Parse(Text(name));
    if (!id) Refuse();
    return *id;
  }
  std::optional<std::int64_t> OptionalInt(const char* name) const {
    return Has(name) ? std::optional(Int(name)) : std::nullopt;
  }
  std::optional<domain::Timestamp> OptionalTime(const char* name) const {
    return Has(name) ? std::optional(Time(name)) : std::nullopt;
  }
  ObjectReader Object(const char* name) const { return ObjectReader(Checked(name, &rapidjson::Value::IsObject)); }
  template <typename Read>
  void Array(const char* name, Read read) const {
    for (const auto& item : Checked(name, &rapidjson::Value::IsArray).GetArray()) read(ObjectReader(item));
  }

 private:
  [[noreturn]] static void Refuse() { throw std::runtime_error("a job's row is not of the expected form"); }
  const rapidjson::Value& Checked(const char* name, bool (rapidjson::Value::*is)() const) const {
    const auto member = value_.FindMember(name);
    if (member == value_.MemberEnd() || !(member->value.*is)()) Refuse();
    return member->value;
  }
  const rapidjson::Value& value_;
};

/// `read` gets an ObjectReader of the text's object.
template <typename Read>
auto Parsed(std::string_view json, Read read) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError()) throw std::runtime_error("a job's row is not JSON");
  return read(ObjectReader(document));
}

VerdictTally ReadTally(const ObjectReader& from) {
  return {from.Int("stayedValid"), from.Int("stayedInvalid"), from.Int("turnedValid"), from.Int("turnedInvalid")};
}

JudgingReport ReadReport(const ObjectReader& from) {
  JudgingReport report;
  report.tally = ReadTally(from);
  report.violating = from.Int("violating");
  report.unjudged = from.Int("unjudged");
  report.events_beyond = from.Int("eventsBeyond");
  report.sampled = from.Bool("sampled");
  if (from.Has("position")) report.as_of = Freshness{from.Int("position"), from.OptionalTime("instant")};
  from.Array("kinds", [&](const ObjectReader& item) {
    ViolationKind kind{item.Text("pointer"), item.Text("keyword"), item.Int("events"), {}};
    item.Array("examples", [&](const ObjectReader& example) {
      kind.examples.push_back({example.IdOf<domain::TrackingEventId>("event"), example.Text("message")});
    });
    report.kinds.push_back(std::move(kind));
  });
  from.Array("systems", [&](const ObjectReader& item) {
    report.systems.push_back({item.IdOf<domain::PartnerSystemId>("system"), item.Text("name"), ReadTally(item)});
  });
  return report;
}

}  // namespace

std::string ToJson(const JudgingRequest& request) {
  ObjectWriter to;
  to.Object(nullptr, [&] {
    to.Put("eventName", std::string_view(request.event_name));
    to.Put("version", std::int64_t{request.version});
    to.Put("structureOf", request.structure_of);
    to.Put("system", request.system);
    to.Put("from", request.from);
    to.Put("to", request.to);
    to.Put("invalidOnly", request.invalid_only);
    to.Put("sample", request.sample);
    to.Put("apply", request.apply);
  });
  return to.Take();
}

std::string ToJson(const JudgingReport& report) {
  ObjectWriter to;
  to.Object(nullptr, [&] { Write(to, report); });
  return to.Take();
}

std::string ToJson(const JobCheckpoint& checkpoint) {
  ObjectWriter to;
  to.Object(nullptr, [&] {
    to.Object("report", [&] { Write(to, checkpoint.report); });
    to.Put("total", checkpoint.total);
    to.Array("shares", checkpoint.shares, [&](const SystemShare& share) {
      to.Put("system", share.system);
      to.Put("limit", share.limit);
      to.Put("done", share.done);
      to.Put("finished", share.finished);
      if (share.after) {
        to.Put("afterTime", share.after->event_timestamp);
        to.Put("afterEvent", share.after->tracking_event_id);
      }
    });
  });
  return to.Take();
}

JudgingRequest JudgingRequestFromJson(std::string_view json) {
  return Parsed(json, [](const ObjectReader& from) {
    JudgingRequest request;
    request.event_name = from.Text("eventName");
    request.version = static_cast<int>(from.Int("version"));
    if (from.Has("structureOf")) request.structure_of = from.IdOf<domain::PartnerSystemId>("structureOf");
    if (from.Has("system")) request.system = from.IdOf<domain::PartnerSystemId>("system");
    request.from = from.OptionalTime("from");
    request.to = from.OptionalTime("to");
    request.invalid_only = from.Bool("invalidOnly");
    request.sample = from.OptionalInt("sample");
    request.apply = from.Bool("apply");
    return request;
  });
}

JudgingReport JudgingReportFromJson(std::string_view json) { return Parsed(json, ReadReport); }

JobCheckpoint JobCheckpointFromJson(std::string_view json) {
  return Parsed(json, [](const ObjectReader& from) {
    JobCheckpoint checkpoint;
    checkpoint.report = ReadReport(from.Object("report"));
    checkpoint.total = from.OptionalInt("total");
    from.Array("shares", [&](const ObjectReader& item) {
      SystemShare share{item.IdOf<domain::PartnerSystemId>("system"), item.OptionalInt("limit"), item.Int("done"),
                        std::nullopt, item.Bool("finished")};
      if (item.Has("afterTime")) {
        share.after = EventKey{item.Time("afterTime"), item.IdOf<domain::TrackingEventId>("afterEvent")};
      }
      checkpoint.shares.push_back(std::move(share));
    });
    return checkpoint;
  });
}

}  // namespace volcanion::infrastructure
