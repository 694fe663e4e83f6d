#include "Domain/ApiKey.h"
#include "Domain/Compatibility.h"
#include "Domain/EventStructure.h"
#include "Domain/Name.h"
#include "Domain/Partner.h"
#include "Domain/PartnerSystem.h"
#include "Domain/Timestamp.h"
#include "Domain/TrackingEvent.h"
#include "Domain/Uuid.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace volcanion::domain;

namespace {

Timestamp At(std::string_view text) {
  const auto time = ParseRfc3339(text);
  REQUIRE(time.has_value());
  return *time;
}

Receipt SomeReceipt(std::string_view received_at = "2026-11-20T10:00:00Z") {
  return {TrackingEventId{*Uuid::Parse("01a1f8b5-2daa-7540-afa2-97ece2294f56")}, {}, {}, At(received_at), "c-1", ""};
}

EventReport Named(std::string name) {
  EventReport report;
  report.event_name = std::move(name);
  return report;
}

/// The pointer of the first fault.
std::string FaultOf(EventReport report) {
  const auto event = TrackingEvent::Create(std::move(report), SomeReceipt());
  return event ? "none" : event.error().faults.front().pointer + " " + event.error().faults.front().code;
}

}  // namespace

TEST_SUITE("time") {
  TEST_CASE("RFC 3339 is read in all its forms and written in one") {
    for (const auto& [text, expected] : std::initializer_list<std::pair<const char*, const char*>>{
             {"2026-11-20T10:00:00Z", "2026-11-20T10:00:00.000000Z"},
             {"2026-11-20t10:00:00z", "2026-11-20T10:00:00.000000Z"},
             {"2026-11-20 10:00:00.5Z", "2026-11-20T10:00:00.500000Z"},
             {"2026-11-20T10:00:00.123456789Z", "2026-11-20T10:00:00.123456Z"},
             {"2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00.000000Z"},
             {"2026-11-20T10:00:00-05:30", "2026-11-20T15:30:00.000000Z"},
             {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
             {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"},
             {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
             {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
             {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
         }) {
      CAPTURE(text);
      CHECK(FormatRfc3339(At(text)) == expected);
    }
  }

  TEST_CASE("what is not an instant in RFC 3339 is refused") {
    for (const char* text : {"",
                             "now",
                             "infinity",
                             "epoch",
                             "2026-11-20",
                             "2026-11-20T10:00:00",
                             "2026-11-20T10:00Z",
                             "2026-13-20T10:00:00Z",
                             "2026-02-29T10:00:00Z",
                             "2026-11-20T24:00:00Z",
                             "2026-11-20T10:60:00Z",
                             "2026-11-20T10:00:61Z",
                             "2026-11-20T10:00:00.Z",
                             "2026-11-20T10:00:00+24:00",
                             "2026-11-20T10:00:00+0200",
                             "2026-11-20T10:00:00Z ",
                             " 2026-11-20T10:00:00Z",
                             "20261120T100000Z",
                             "2026-11-20T10:00:00,5Z",
                             "-001-01-01T00:00:00Z",
                             "0001-01-01T00:00:00+00:01",
                             "9999-12-31T23:59:59-00:01",
                             "2026-1-20T10:00:00Z",
                             "2026-11-20T+1:00:00Z"}) {
      CAPTURE(text);
      CHECK_FALSE(ParseRfc3339(text).has_value());
    }
  }
}

TEST_SUITE("ids") {
  TEST_CASE("a UUID is read in any case and written in lower case") {
    const auto id = Uuid::Parse("01A1F8B5-2DAA-7540-AFA2-97ECE2294F56");
    REQUIRE(id.has_value());
    CHECK(id->ToString() == "01a1f8b5-2daa-7540-afa2-97ece2294f56");
  }

  TEST_CASE("what is not a UUID is refused") {
    for (const char* text : {"", "01a1f8b5", "01a1f8b52daa7540afa297ece2294f56", "01a1f8b5-2daa-7540-afa2-97ece2294f5g",
                             "01a1f8b5-2daa-7540-afa2-97ece2294f56 ", "01a1f8b5x2daa-7540-afa2-97ece2294f56",
                             "{01a1f8b5-2daa-7540-afa2-97ece2294f5}"}) {
      CAPTURE(text);
      CHECK_FALSE(Uuid::Parse(text).has_value());
    }
  }

  TEST_CASE("a version 7 UUID tells its milliseconds, the others tell none") {
    CHECK(Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")->UnixMillis() == 1'645'557'742'000);  // RFC 9562, A.6
    CHECK_FALSE(Uuid::Parse("017f22e2-79b0-4cc3-98c4-dc0c0c07398f")->UnixMillis().has_value());
  }
}

TEST_SUITE("names") {
  TEST_CASE("a partner needs a name of 1 to 200 bytes without control characters") {
    CHECK(Partner::Create({}, "Delta Air Lines", {}).ok());
    CHECK(Partner::Create({}, std::string(200, 'x'), {}).ok());
    CHECK(Partner::Create({}, "", {}).error().faults.front().code == "empty");
    CHECK(Partner::Create({}, std::string(201, 'x'), {}).error().faults.front().code == "too_long");
    CHECK(Partner::Create({}, "a\nb", {}).error().faults.front().code == "control_character");
    const auto system = PartnerSystem::Create({}, {}, "", InvalidEventPolicy::kFlag, RateLimit{0, 2'000'000}, {});
    REQUIRE_FALSE(system.ok());
    CHECK(system.error().faults.size() == 3);
  }

  TEST_CASE("a key cannot expire before it is made") {
    const auto now = At("2026-11-20T10:00:00Z");
    CHECK(ApiKey::Create({{}, {}, "web", "vk_", {}, now, now + std::chrono::hours(1)}).ok());
    CHECK(ApiKey::Create({{}, {}, "web", "vk_", {}, now, now}).error().faults.front().pointer == "/expiresAt");
  }

  TEST_CASE(
      "a change of a partner or a system counts once, and not at all when nothing is otherwise or a rule is broken") {
    auto partner = Partner::Create({}, "Acme", {}).value();
    CHECK(partner.is_active());
    CHECK(partner.Change({.name = "Ajax", .is_active = false}).ok());
    CHECK(partner.name() == "Ajax");
    CHECK(!partner.is_active());
    CHECK(partner.compatibility() == Compatibility::kBackward);
    CHECK(partner.revision() == 2);
    CHECK(partner.Change({.name = "Ajax"}).ok());
    CHECK(partner.revision() == 2);
    CHECK(partner.Change({.name = "", .is_active = true}).error().kind == ErrorKind::kInvalid);
    CHECK(!partner.is_active());

    auto system = PartnerSystem::Create({}, {}, "web", InvalidEventPolicy::kFlag, RateLimit{1, 2}, {}).value();
    CHECK(system.Change({.rate_limit = std::optional<RateLimit>()}).ok());
    CHECK(!system.rate_limit());
    CHECK(system.revision() == 2);
    CHECK(system.Change({.rate_limit = RateLimit{0, 0}}).error().faults.size() == 2);
    CHECK(system.revision() == 2);
  }

  TEST_CASE("a key that gives way expires after the overlap, or before when it would have") {
    const auto now = At("2026-11-20T10:00:00Z");
    const auto make = [&](std::optional<Timestamp> expiry) {
      return ApiKey::Create({{}, {}, "web", "vk_", {}, now, expiry}).value();
    };
    auto lasting = make(std::nullopt);
    CHECK(lasting.GiveWay(now, std::chrono::hours(1)).ok());
    CHECK(lasting.expires_at() == now + std::chrono::hours(1));
    CHECK(lasting.StateAt(now) == KeyState::kActive);
    CHECK(lasting.StateAt(now + std::chrono::hours(1)) == KeyState::kExpired);
    auto passing = make(now + std::chrono::minutes(1));
    CHECK(passing.GiveWay(now, std::chrono::hours(1)).ok());
    CHECK(passing.expires_at() == now + std::chrono::minutes(1));
    CHECK(make(std::nullopt).GiveWay(now, std::chrono::seconds(-1)).error().kind == ErrorKind::kInvalid);
    CHECK(make(std::nullopt).GiveWay(now, kMaxKeyOverlap + std::chrono::seconds(1)).error().kind ==
          ErrorKind::kInvalid);
    CHECK(passing.GiveWay(now + std::chrono::hours(2), std::chrono::hours(1)).error().kind == ErrorKind::kConflict);
    auto revoked = make(std::nullopt);
    CHECK(revoked.Revoke(now));
    CHECK(!revoked.Revoke(now + std::chrono::hours(1)));
    CHECK(revoked.revoked_at() == now);
    CHECK(revoked.GiveWay(now, std::chrono::hours(1)).error().kind == ErrorKind::kConflict);
  }

  TEST_CASE("a structure needs an event name and a schema within its limit") {
    using enum StructureState;
    const StructureIdentity purchase{{}, "purchase"};
    CHECK(EventStructure::Create({}, purchase, "{}", kDraft, {}).ok());
    const auto none = EventStructure::Create({}, {}, "", kRetired, {});
    REQUIRE_FALSE(none.ok());
    CHECK(none.error().faults.size() == 3);
    CHECK_FALSE(EventStructure::Create({}, purchase, std::string(kMaxSchemaBytes + 1, ' '), kDraft, {}).ok());
  }

  TEST_CASE("a version goes from draft to active to retired, or from draft to retired, and no other way") {
    using enum StructureState;
    const auto created = At("2026-11-20T10:00:00Z");
    const auto later = created + std::chrono::hours(1);
    const auto in_state = [&](StructureState state) {
      return EventStructure::Restore({{}, {{}, "purchase"}, 1, 1, state, created}, "{}");
    };
    const std::set<std::pair<StructureState, StructureState>> ways = {
        {kDraft, kActive}, {kDraft, kRetired}, {kActive, kRetired}};
    for (const auto from : {kDraft, kActive, kRetired}) {
      for (const auto to : {kDraft, kActive, kRetired}) {
        auto structure = in_state(from);
        const auto become = structure.Become(to, later);
        CAPTURE(ToString(from));
        CAPTURE(ToString(to));
        CHECK(become.ok() == ways.contains({from, to}));
        CHECK(structure.state() == (become ? to : from));
        CHECK(structure.head().revision == (become ? 2 : 1));
        CHECK(structure.head().activated_at == (become && to == kActive ? std::optional(later) : std::nullopt));
        CHECK(structure.head().retired_at == (become && to == kRetired ? std::optional(later) : std::nullopt));
        if (!become) CHECK(become.error().kind == ErrorKind::kConflict);
      }
    }
  }

  TEST_CASE("the schema of a draft can be replaced, that of another version cannot") {
    using enum StructureState;
    auto draft = EventStructure::Create({}, {{}, "purchase"}, "{}", kDraft, {}).value();
    REQUIRE(draft.ReplaceSchema(R"({"type":"object"})").ok());
    CHECK(draft.schema() == R"({"type":"object"})");
    CHECK(draft.head().revision == 2);
    CHECK(draft.ReplaceSchema("").error().kind == ErrorKind::kInvalid);
    for (const auto state : {kActive, kRetired}) {
      auto fixed = draft;
      REQUIRE(fixed.Become(state, {}).ok());
      CHECK(fixed.ReplaceSchema("{}").error().kind == ErrorKind::kConflict);
      CHECK(fixed.schema() == draft.schema());
    }
  }

  TEST_CASE("policies and states are read as they are written") {
    for (const auto policy : {InvalidEventPolicy::kObserve, InvalidEventPolicy::kFlag, InvalidEventPolicy::kReject}) {
      CHECK(ParseInvalidEventPolicy(ToString(policy)) == policy);
    }
    for (const auto state : {StructureState::kDraft, StructureState::kActive, StructureState::kRetired}) {
      CHECK(ParseStructureState(ToString(state)) == state);
    }
    CHECK_FALSE(ParseInvalidEventPolicy("Flag").has_value());
    CHECK_FALSE(ParseStructureState("").has_value());
    for (const char* text : {"backward", "forward", "full", "none"}) {
      REQUIRE(ParseCompatibility(text).has_value());
      CHECK(ToString(*ParseCompatibility(text)) == text);
    }
    CHECK_FALSE(ParseCompatibility("Full").has_value());
  }
}

TEST_SUITE("tracking events") {
  TEST_CASE("an event needs a name, and ids within their limits") {
    CHECK(FaultOf(Named("purchase")) == "none");
    CHECK(FaultOf(Named("")) == "/eventName empty");
    CHECK(FaultOf(Named(std::string(256, 'x'))) == "/eventName too_long");
    CHECK(FaultOf(Named(std::string("a\0b", 3))) == "/eventName control_character");
    auto report = Named("purchase");
    report.event_id = "";
    CHECK(FaultOf(report) == "/eventId empty");
    report.event_id = std::string(256, 'x');
    CHECK(FaultOf(report) == "/eventId too_long");
    report.event_id = std::string("a\0b", 3);
    CHECK(FaultOf(report) == "/eventId control_character");
    report.event_id = "any string\n\t of 255 bytes at most";
    CHECK(FaultOf(report) == "none");
    report.user_id = std::string(256, 'u');
    CHECK(FaultOf(report) == "/userId too_long");
    report.user_id = "";
    report.anonymous_id = std::string("\0", 1);
    CHECK(FaultOf(report) == "/anonymousId control_character");
    report.anonymous_id.reset();
    report.schema_version = 0;
    CHECK(FaultOf(report) == "/schemaVersion out_of_range");
  }

  TEST_CASE("an event without an id or a time gets its own id and the time of receipt") {
    const auto event = TrackingEvent::Create(Named("purchase"), SomeReceipt());
    REQUIRE(event.ok());
    CHECK(event->event_id() == event->id().ToString());
    CHECK(event->event_timestamp() == At("2026-11-20T10:00:00Z"));
  }

  TEST_CASE("a timestamp may be 24 hours ahead and not more") {
    const auto received = At("2026-11-20T10:00:00Z");
    CHECK_FALSE(CheckClock(received, received).has_value());
    CHECK_FALSE(CheckClock(At("2026-11-21T10:00:00Z"), received).has_value());
    const auto ahead = CheckClock(At("2026-11-21T10:00:00.000001Z"), received);
    REQUIRE(ahead.has_value());
    CHECK(ahead->keyword == "eventTimestamp");
  }

  TEST_CASE("properties are the exact part of what was sent") {
    EventReport report = Named("purchase");
    CHECK(report.properties() == "{}");
    report.raw = R"({"eventName":"purchase","properties":{ "a" : 1.0 }})";
    report.properties_at = report.raw.find("{ \"a\"");
    report.properties_size = std::string_view(R"({ "a" : 1.0 })").size();
    const auto event = TrackingEvent::Create(std::move(report), SomeReceipt());
    CHECK(event->report().properties() == R"({ "a" : 1.0 })");
  }

  TEST_CASE("what violations mean is for the system's policy to say") {
    const std::vector<Violation> violations = {{"/amount", "minimum", "must be at least 0"}};
    const Verdict invalid{Verdict::Outcome::kInvalid, violations};
    CHECK(Conclude(InvalidEventPolicy::kFlag, {}).is_valid());
    CHECK(Conclude(InvalidEventPolicy::kFlag, invalid) == invalid);
    CHECK(Conclude(InvalidEventPolicy::kReject, invalid) == invalid);
    const auto observed = Conclude(InvalidEventPolicy::kObserve, invalid);
    CHECK(observed.is_valid());
    CHECK(observed.violations == violations);
    CHECK(IsRejected(InvalidEventPolicy::kReject, invalid));
    CHECK_FALSE(IsRejected(InvalidEventPolicy::kReject, {}));
    CHECK_FALSE(IsRejected(InvalidEventPolicy::kFlag, invalid));
  }

  TEST_CASE("what could not be judged is never valid and never rejected, whatever the policy") {
    const Verdict unjudged = Unjudged("could not be judged");
    CHECK_FALSE(unjudged.is_valid());
    for (const auto policy : {InvalidEventPolicy::kObserve, InvalidEventPolicy::kFlag, InvalidEventPolicy::kReject}) {
      CHECK(Conclude(policy, unjudged) == unjudged);
      CHECK_FALSE(IsRejected(policy, unjudged));
    }
    for (const auto outcome : {Verdict::Outcome::kValid, Verdict::Outcome::kInvalid, Verdict::Outcome::kUnjudged}) {
      CHECK(StoredOutcome(outcome == Verdict::Outcome::kValid, outcome == Verdict::Outcome::kUnjudged) == outcome);
    }
    CHECK(ToString(Verdict::Outcome::kUnjudged) == "unjudged");
  }
}
