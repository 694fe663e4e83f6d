#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Jobs/JobRunner.h"
#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"
#include "Infrastructure/Postgres/PostgresDirectoryStore.h"
#include "Infrastructure/Postgres/PostgresEventReader.h"
#include "Infrastructure/Postgres/PostgresJobQueue.h"
#include "Infrastructure/Postgres/PostgresJobStore.h"
#include "Infrastructure/Postgres/PostgresOutbox.h"
#include "Infrastructure/Postgres/PostgresReadModel.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "Infrastructure/Security/SodiumSecrets.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "Infrastructure/Telemetry/SystemClock.h"
#include "Sync/SyncWorker.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/TestDatabase.h"

#include <stdexcept>
#include <string>

namespace volcanion::test {

/// Stops whoever reaches a step like a crash: nothing behind the step runs, and connections close without a word.
struct Crash : std::runtime_error {
  Crash() : std::runtime_error("crash") {}
};

/// Two partners. "purchase" of the first has version 1 (active: amount from 0), version 2 (active: amount from 10),
/// version 3 (retired: any amount) and version 4 (draft: amount from 20). Its systems are "web" and "app".
class JudgingStores : public TestStores {
 public:
  static const domain::PartnerId kPartner, kOtherPartner;
  static const domain::PartnerSystemId kWeb, kApp, kOthersWeb;

  JudgingStores();

  std::string Write(const std::string& sql) const { return Sql(write_dsn(), sql); }
  std::string Read(const std::string& sql) const { return Sql(read_dsn(), sql); }

  /// One batch of events of the name "purchase" with the amounts from `first` to `last`, as version 1 judged them; a
  /// minute apart from each other, the last one an hour ago.
  void AddPurchases(domain::PartnerSystemId system, int first, int last) const;
  /// Until the outbox is empty.
  void Project(application::StepObserver observer = {}) const;
  /// Both stores tell the same of every event; the roll-up is what counting the rows gives; both ledgers agree; the
  /// history of each event begins with the verdict of version 1 and leads, link by link, to the one that stands.
  void CheckConsistent() const;
  /// All verdicts and histories of both stores, as one text.
  std::string Verdicts() const;
};

/// On whose behalf jobs are cancelled.
inline const application::Author kAda = {"Ada", "c-1"};

/// The side of those who ask for jobs.
struct JobClient {
  explicit JobClient(const JudgingStores& stores) : pool({stores.write_dsn()}, log), jobs(pool) {}

  /// By `version`, on all of the first partner's purchases of the last ten years; queued.
  application::Job Impact(int version, std::int64_t sample = 1'000'000);
  application::Job JudgeAgain(int version, bool apply, bool invalid_only = false);
  application::Job Get(const application::Job& job);

  RecordedLog log;
  infrastructure::SystemClock clock;
  infrastructure::SodiumSecrets secrets;
  infrastructure::SociPool pool;
  infrastructure::PostgresJobStore jobs;
};

/// A runner with its connections.
struct RunnerUnderTest {
  explicit RunnerUnderTest(const JudgingStores& stores, application::StepObserver observer = {}, int page_events = 20);

  /// Does all that waits.
  void RunUntilIdle();

  RecordedLog log;
  infrastructure::SodiumSecrets secrets;
  infrastructure::SociPool write_pool, read_pool;
  infrastructure::PostgresDirectoryStore directory_store;
  infrastructure::ValijsonSchemaCompiler compiler;
  application::DirectoryCache directory;
  infrastructure::PostgresEventReader reader;
  infrastructure::PostgresJobQueue queue;
  application::JobRunner runner;
};

}  // namespace volcanion::test
