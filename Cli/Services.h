#pragma once

#include "Api/BlockingPool.h"
#include "Api/Http/HttpServer.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Middleware/ExportPlaces.h"
#include "Api/Middleware/FailureThrottle.h"
#include "Api/Middleware/RateLimiter.h"
#include "Api/Middleware/RecentAnswers.h"
#include "Api/PartnerLanes.h"
#include "Api/Router.h"
#include "Api/Routes/HealthRoutes.h"
#include "Application/Audit/RefusedAttempts.h"
#include "Application/Commands/ChangePartner.h"
#include "Application/Commands/ChangePartnerSystem.h"
#include "Application/Commands/ChangeStructure.h"
#include "Application/Commands/CreatePartner.h"
#include "Application/Commands/IngestEvents.h"
#include "Application/Commands/IssueApiKey.h"
#include "Application/Commands/JudgeAgain.h"
#include "Application/Commands/MeasureImpact.h"
#include "Application/Commands/PublishStructure.h"
#include "Application/Commands/RegisterPartnerSystem.h"
#include "Application/Commands/RevokeApiKey.h"
#include "Application/Commands/RotateApiKey.h"
#include "Application/Commands/TrySchema.h"
#include "Application/Directory/DirectoryCache.h"
#include "Application/Directory/KeyUses.h"
#include "Application/Jobs/JobRunner.h"
#include "Application/Queries/AnswerCache.h"
#include "Application/Queries/CompareStructure.h"
#include "Application/Queries/EventStatistics.h"
#include "Application/Queries/FindApiKeys.h"
#include "Application/Queries/FindEvents.h"
#include "Application/Queries/FindFunnel.h"
#include "Application/Queries/FindOwner.h"
#include "Application/Queries/FindPartners.h"
#include "Application/Queries/FindRetention.h"
#include "Application/Queries/FindSessions.h"
#include "Application/Queries/FindStructures.h"
#include "Application/Queries/FindSystems.h"
#include "Application/Queries/FindUnknownEvents.h"
#include "Application/Queries/FreshnessWatch.h"
#include "Application/Queries/ReadAudit.h"
#include "Application/Queries/SuggestSchema.h"
#include "Application/Queries/ValidateDocuments.h"
#include "Cli/Stores.h"
#include "Infrastructure/Config/Settings.h"
#include "Infrastructure/JsonSchema/SchemaComparison.h"
#include "Infrastructure/JsonSchema/SchemaSuggestion.h"
#include "Infrastructure/JsonSchema/ValijsonSchemaCompiler.h"
#include "Infrastructure/Postgres/AnalysisPool.h"
#include "Infrastructure/Postgres/GroupCommitEventStore.h"
#include "Infrastructure/Postgres/PostgresApiKeyStore.h"
#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/PostgresBehaviourReader.h"
#include "Infrastructure/Postgres/PostgresDirectoryStore.h"
#include "Infrastructure/Postgres/PostgresEventReader.h"
#include "Infrastructure/Postgres/PostgresJobQueue.h"
#include "Infrastructure/Postgres/PostgresJobStore.h"
#include "Infrastructure/Postgres/PostgresManagementStore.h"
#include "Infrastructure/Postgres/PostgresOutbox.h"
#include "Infrastructure/Postgres/PostgresReadChanges.h"
#include "Infrastructure/Postgres/PostgresReadModel.h"
#include "Infrastructure/Postgres/PostgresStatisticsReader.h"
#include "Infrastructure/Postgres/PostgresStructureStore.h"
#include "Infrastructure/Postgres/PostgresUnknownEventReader.h"
#include "Infrastructure/Postgres/PostgresVerdictHistory.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "Infrastructure/Security/SodiumSecrets.h"
#include "Infrastructure/Telemetry/JsonLog.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "Infrastructure/Telemetry/SystemClock.h"
#include "Sync/SyncWorker.h"

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace volcanion::cli {

/// What every service of a process shares.
struct Surroundings {
  Surroundings(const infrastructure::Settings& settings, std::string_view version);

  infrastructure::SystemClock clock;
  infrastructure::JsonLog log;
  infrastructure::PrometheusMetrics metrics;
  infrastructure::SodiumSecrets secrets;
};

/// Commands on partners and what belongs to them, wired to the write store.
struct Management {
  Management(const infrastructure::Settings& settings, const Stores& stores, Surroundings& around);

  infrastructure::SociPool pool;
  infrastructure::PostgresDirectoryStore directory_store;
  infrastructure::PostgresManagementStore store;
  infrastructure::PostgresApiKeyStore keys;
  infrastructure::PostgresStructureStore structures;
  infrastructure::PostgresAuditLog audit;
  infrastructure::ValijsonSchemaCompiler compiler;
  infrastructure::SchemaComparison comparer;
  application::DirectoryCache directory;
  application::CreatePartnerHandler create_partner;
  application::ChangePartnerHandler change_partner;
  application::RegisterPartnerSystemHandler register_system;
  application::ChangePartnerSystemHandler change_system;
  application::IssueApiKeyHandler issue_key;
  application::RotateApiKeyHandler rotate_key;
  application::RevokeApiKeyHandler revoke_key;
  application::FindPartnersHandler find_partners;
  application::FindSystemsHandler find_systems;
  application::FindApiKeysHandler find_keys;
  application::PublishStructureHandler publish_structure;
  application::ChangeStructureHandler change_structure;
  application::CompareStructureHandler compare_structure;
  application::FindStructuresHandler find_structures;
  application::ReadAuditHandler read_audit;
  application::ValidateDocumentsHandler validate_documents;
  infrastructure::PostgresJobStore jobs;
  infrastructure::PostgresVerdictHistory verdicts;
  application::MeasureImpactHandler measure_impact;
  application::TrySchemaHandler try_schema;
  application::JudgeAgainHandler judge_again;
};

/// Stores an administrator's token, with its audit entry.
domain::Result<domain::Done> AddAdminToken(application::ManagementStore& store, const std::string& name,
                                           const application::NewSecret& secret, const application::Author& author);

/// Does background jobs, one at a time: works from construction to destruction.
class JobService {
 public:
  JobService(const Stores& stores, Surroundings& around, Management& management);
  /// Puts the job under way back into the queue, but does not wait long for a store.
  ~JobService();

 private:
  infrastructure::PostgresJobQueue queue_;
  infrastructure::SociPool read_pool_;
  infrastructure::PostgresEventReader reader_;
  application::JobRunner runner_;
  std::promise<void> ended_;
  std::jthread thread_;
};

/// Throws std::runtime_error, which names the setting, where the services could not listen; listens no more afterwards.
void TryToListen(const infrastructure::Settings& settings);

struct People;

/// The public API: listens from construction, serves from Start() to Stop().
class ApiService {
 public:
  ApiService(const infrastructure::Settings& settings, const Stores& stores, Surroundings& around,
             Management& management, People& people);
  /// Stops.
  ~ApiService() { Stop(); }

  void Start() { server_.Start(); }
  /// Turns readiness off and waits for the drain delay, so that balancers send nothing more; answers what is under way
  /// within the drain time; then commits what is queued. Idempotent.
  void Stop();
  std::uint16_t port() const { return server_.port(); }
  std::vector<api::HealthCheck> HealthChecks();
  /// Each route with who may call it.
  std::vector<api::DeclaredRoute> Routes() const { return router_.Routes(); }

 private:
  const std::chrono::milliseconds drain_delay_;
  const std::chrono::milliseconds drain_timeout_;
  std::atomic<bool> stopping_ = false;
  const Stores stores_;
  Management& management_;
  infrastructure::SociPool read_pool_;
  infrastructure::AnalysisPool analysis_pool_;
  infrastructure::PostgresEventReader reader_;
  infrastructure::PostgresUnknownEventReader unknown_event_reader_;
  infrastructure::PostgresBehaviourReader behaviour_reader_;
  infrastructure::PostgresStatisticsReader statistics_reader_;
  infrastructure::PostgresReadChanges changes_;
  const std::unique_ptr<application::Cache> cache_;
  application::AnswerCache answers_;
  infrastructure::SchemaSuggestion suggester_;
  infrastructure::GroupCommitEventStore event_store_;
  application::IngestEventsHandler ingest_events_;
  application::FindEventsHandler find_events_;
  application::FindFunnelHandler find_funnel_;
  application::FindSessionsHandler find_sessions_;
  application::FindRetentionHandler find_retention_;
  infrastructure::PostgresEventReader export_reader_;  // smaller pages: one for each export is in memory
  application::FindEventsHandler export_events_;
  api::ExportPlaces export_places_;
  application::FindUnknownEventsHandler find_unknown_events_;
  application::EventStatisticsHandler statistics_;
  application::SuggestSchemaHandler suggest_schema_;
  application::FindOwner find_owner_;
  api::BlockingPool blocking_;
  api::PartnerLanes analyses_;
  api::BlockingPool exporting_;  // few: exports take turns among themselves and are in nobody else's way
  api::BlockingPool compiling_;  // schemas: whoever sends large ones waits for themselves
  application::FreshnessWatch watch_;
  api::RecentAnswers recent_answers_;
  api::FailureThrottle failures_;
  application::KeyUses key_uses_;
  application::RefusedAttempts refused_;
  api::BlockingPool hashing_;  // few: each needs 64 MiB for a password
  api::Authentication authentication_;
  api::RateLimiter rate_limiter_;
  api::Router router_;
  api::HttpServer server_;
  std::optional<JobService> jobs_;
};

/// The projection: works from construction to destruction.
class SyncService {
 public:
  SyncService(const infrastructure::Settings& settings, const Stores& stores, Surroundings& around);

  std::vector<api::HealthCheck> HealthChecks();

 private:
  struct Worker {
    Worker(const infrastructure::Settings& settings, const Stores& stores, Surroundings& around);
    /// Lets the round under way end, but does not wait long for a store.
    ~Worker();
    infrastructure::PostgresOutbox outbox;
    infrastructure::PostgresReadModel read_model;
    sync::SyncWorker worker;
    std::promise<void> ended;
    std::jthread thread;
  };

  const Stores stores_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

/// /health and /metrics on a listener of their own.
class AdminService {
 public:
  AdminService(const infrastructure::Settings& settings, Surroundings& around, std::vector<api::HealthCheck> checks);

  void Start() { server_.Start(); }
  void Stop() { server_.Stop(std::chrono::milliseconds(0)); }
  std::uint16_t port() const { return server_.port(); }
  std::vector<api::DeclaredRoute> Routes() const { return router_.Routes(); }

 private:
  api::BlockingPool blocking_;
  api::Router router_;
  api::HttpServer server_;
};

}  // namespace volcanion::cli
