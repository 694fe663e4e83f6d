#include "tests/support/JudgingFixture.h"

#include "Application/Commands/JudgeAgain.h"
#include "Application/Commands/MeasureImpact.h"
#include "tests/support/RollUps.h"

#include <doctest/doctest.h>

#include <chrono>

namespace volcanion::test {

const domain::PartnerId JudgingStores::kPartner = *domain::PartnerId::Parse("00000000-0000-0000-0000-00000000000a");
const domain::PartnerId JudgingStores::kOtherPartner =
    *domain::PartnerId::Parse("00000000-0000-0000-0000-00000000000b");
const domain::PartnerSystemId JudgingStores::kWeb =
    *domain::PartnerSystemId::Parse("00000000-0000-0000-0000-000000000001");
const domain::PartnerSystemId JudgingStores::kApp =
    *domain::PartnerSystemId::Parse("00000000-0000-0000-0000-000000000002");
const domain::PartnerSystemId JudgingStores::kOthersWeb =
    *domain::PartnerSystemId::Parse("00000000-0000-0000-0000-000000000003");

JudgingStores::JudgingStores() {
  (void)Write(R"sql(
    INSERT INTO write.partners (partner_id, name, created_at) VALUES
      ('00000000-0000-0000-0000-00000000000a', 'Partner', now()),
      ('00000000-0000-0000-0000-00000000000b', 'Other', now());
    INSERT INTO write.partner_systems (partner_system_id, partner_id, name, invalid_events, created_at) VALUES
      ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a', 'web', 'flag', now()),
      ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000a', 'app', 'flag', now()),
      ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-00000000000b', 'web', 'flag', now());
    INSERT INTO write.event_structures (structure_id, partner_id, event_name, version, schema, state, created_at)
    SELECT gen_random_uuid(), '00000000-0000-0000-0000-00000000000a', 'purchase', version, schema::json, state, now()
    FROM (VALUES (1, '{"properties":{"amount":{"minimum":0}}}', 'active'),
                 (2, '{"properties":{"amount":{"minimum":10}}}', 'active'),
                 (3, '{}', 'retired'),
                 (4, '{"properties":{"amount":{"minimum":20}}}', 'draft')) AS given (version, schema, state))sql");
}

void JudgingStores::AddPurchases(domain::PartnerSystemId system, int first, int last) const {
  const auto amounts = std::to_string(first) + ", " + std::to_string(last);
  const auto count = std::to_string(last - first + 1);
  (void)Write(R"sql(
    WITH batch AS (SELECT nextval('write.batch_ids') AS id),
    ledger AS (INSERT INTO write.batches (batch_id, event_count, byte_count) SELECT id, )sql" +
              count + R"sql(, 10 FROM batch),
    queued AS (INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT id, )sql" +
              count + R"sql(, 10 FROM batch),
    events AS (
      INSERT INTO write.tracking_events (batch_id, ordinal, tracking_event_id, partner_system_id, event_id, event_name,
        event_timestamp, is_valid, schema_version, validation_errors, properties, correlation_id, created_at)
      SELECT id, amount - ()sql" +
              std::to_string(first) + "), gen_random_uuid(), '" + system.ToString() +
              R"sql(', id || '/' || amount, 'purchase', now() - interval '1 hour' - ()sql" + std::to_string(last) +
              R"sql( - amount) * interval '1 minute', amount >= 0, 1,
        CASE WHEN amount < 0 THEN
          ('[{"pointer":"/amount","keyword":"minimum","message":"must be at least 0; was ' || amount ||
           '","schemaPointer":"/properties/amount/minimum"}]')::json END,
        json_build_object('amount', amount), 'c', now()
      FROM batch, generate_series()sql" +
              amounts + R"sql() AS amount
      RETURNING batch_id, ordinal, partner_system_id, event_id
    )
    INSERT INTO write.event_keys (partner_system_id, event_id, content_hash, batch_id, ordinal)
    SELECT partner_system_id, event_id, '\x00', batch_id, ordinal FROM events)sql");
}

void JudgingStores::Project(application::StepObserver observer) const {
  RecordedLog log;
  infrastructure::PrometheusMetrics metrics("test");
  infrastructure::PostgresOutbox outbox({write_dsn()}, observer);
  infrastructure::PostgresReadModel read_model(read_dsn(), observer);
  sync::SyncWorker worker(outbox, read_model, metrics, log, {}, observer);
  while (true) {
    const auto projected = worker.RunOnce();
    REQUIRE_MESSAGE(projected.ok(), projected.error().message);
    if (*projected == 0) return;
  }
}

std::string JudgingStores::Verdicts() const {
  constexpr char kColumns[] =
      "tracking_event_id || ' ' || is_valid || ' ' || is_unjudged || ' ' || coalesce(schema_version, 0) || ' ' || "
      "coalesce(validation_errors::text, '-') || ' ' || coalesce(judged_in, 0)";
  const auto all = [&](const char* table) {
    return std::string("SELECT string_agg(") + kColumns + ", E'\\n' ORDER BY tracking_event_id) FROM " + table;
  };
  return Write(all("write.tracking_events")) + "\n--\n" + Read(all("read.tracking_events_read_model")) + "\n--\n" +
         Write("SELECT string_agg(batch_id || '/' || ordinal, ' ' ORDER BY batch_id, ordinal) FROM write.judgements");
}

void JudgingStores::CheckConsistent() const {
  CHECK(Write("SELECT count(*) FROM write.outbox") == "0");
  CHECK(Write("SELECT count(*) FROM write.set_aside_batches") == "0");
  const auto verdicts = Verdicts();
  const auto middle = verdicts.find("\n--\n");
  CHECK(verdicts.substr(0, middle) == verdicts.substr(middle + 4, middle));
  CHECK(RolledUp(read_dsn()) == CountedIn(read_dsn(), "read.tracking_events_read_model"));
  CHECK(Read("SELECT count(*) FROM read.tracking_events_read_model WHERE properties_bytes <> "
             "octet_length(properties::text) + coalesce(octet_length(validation_errors::text), 0)") == "0");
  CHECK(Read("SELECT coalesce(sum(event_count), 0) FROM read.projected_batches") ==
        Write("SELECT coalesce(sum(event_count), 0) FROM write.batches"));
  CHECK(Read("SELECT count(*) FROM read.projected_batches") == Write("SELECT count(*) FROM write.batches"));
  CHECK(Write("SELECT coalesce(sum(judgement_count), 0) FROM write.batches") ==
        Write("SELECT count(*) FROM write.judgements"));
  CHECK(Write(R"sql(
    WITH links AS (
      SELECT *, lag(is_valid) OVER history AS before_valid, lag(schema_version) OVER history AS before_version,
             lead(batch_id) OVER history IS NULL AS is_last
      FROM write.judgements WINDOW history AS (PARTITION BY tracking_event_id ORDER BY batch_id))
    SELECT count(*) FROM links JOIN write.tracking_events AS events USING (tracking_event_id)
    WHERE links.was_valid <> coalesce(before_valid, (events.properties->>'amount')::int >= 0)
       OR links.was_schema_version <> coalesce(before_version, 1)
       OR is_last AND (links.is_valid <> events.is_valid OR links.schema_version <> events.schema_version OR
                       links.batch_id <> events.judged_in))sql") == "0");
}

application::Job JobClient::Impact(int version, std::int64_t sample) {
  application::MeasureImpactHandler handler(jobs, clock, secrets);
  const auto job = handler.Handle(
      {JudgingStores::kPartner, "purchase", version, std::nullopt, std::nullopt, 3'650, sample, {"me", "c"}});
  REQUIRE_MESSAGE(job.ok(), job.error().message);
  return *job;
}

application::Job JobClient::JudgeAgain(int version, bool apply, bool invalid_only) {
  application::JudgeAgainHandler handler(jobs, clock, secrets);
  const auto now = clock.Now();
  const auto job = handler.Handle({JudgingStores::kPartner,
                                   "purchase",
                                   version,
                                   std::nullopt,
                                   std::nullopt,
                                   now - std::chrono::days(3'650),
                                   now,
                                   invalid_only,
                                   apply,
                                   {"me", "c"}});
  REQUIRE_MESSAGE(job.ok(), job.error().message);
  return *job;
}

application::Job JobClient::Get(const application::Job& job) {
  const auto found = jobs.Get(job.partner, job.id);
  REQUIRE_MESSAGE(found.ok(), found.error().message);
  return *found;
}

RunnerUnderTest::RunnerUnderTest(const JudgingStores& stores, application::StepObserver observer, int page_events)
    : write_pool({stores.write_dsn()}, log),
      read_pool({stores.read_dsn(), 1}, log),
      directory_store(write_pool),
      directory(directory_store, compiler, log, std::chrono::milliseconds(500)),
      reader(read_pool),
      queue(stores.write_dsn(), secrets.NewId(infrastructure::SystemClock().Now()), std::move(observer)),
      runner(queue, reader, compiler, directory, log,
             {.poll_interval = std::chrono::milliseconds(5), .max_page_events = page_events}) {}

void RunnerUnderTest::RunUntilIdle() {
  while (true) {
    const auto worked = runner.RunOnce({});
    REQUIRE_MESSAGE(worked.ok(), worked.error().message);
    if (!*worked) return;
  }
}

}  // namespace volcanion::test
