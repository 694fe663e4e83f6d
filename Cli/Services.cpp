#include "Cli/Services.h"

#include "Api/Middleware/GuardedRoutes.h"
#include "Api/Middleware/ReadingRoutes.h"
#include "Api/Routes/AuditRoutes.h"
#include "Api/Routes/AuthRoutes.h"
#include "Api/Routes/BehaviourRoutes.h"
#include "Api/Routes/DocumentationRoutes.h"
#include "Api/Routes/EventRoutes.h"
#include "Api/Routes/ExportRoutes.h"
#include "Api/Routes/IngestRoutes.h"
#include "Api/Routes/JobRoutes.h"
#include "Api/Routes/KeyRoutes.h"
#include "Api/Routes/MemberRoutes.h"
#include "Api/Routes/PartnerRoutes.h"
#include "Api/Routes/PersonRoutes.h"
#include "Api/Routes/StatisticsRoutes.h"
#include "Api/Routes/StructureRoutes.h"
#include "Api/Routes/SystemRoutes.h"
#include "Api/Routes/UnknownEventRoutes.h"
#include "Api/Routes/VerdictRoutes.h"
#include "Cli/People.h"
#include "Infrastructure/Memory/MemoryCache.h"
#include "Infrastructure/Postgres/Migrations.h"
#include "Infrastructure/Postgres/StoreProbe.h"
#include "Infrastructure/Redis/RedisCache.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace volcanion::cli {
namespace {

using infrastructure::Settings;

constexpr char kListen[] = "VOLCANION_LISTEN";
constexpr char kAdminListen[] = "VOLCANION_ADMIN_LISTEN";
constexpr std::size_t kAdminConnections = 32;  // probes and scrapers; clients must not take their descriptors
constexpr int kCompilingThreads = 2;
constexpr std::chrono::seconds kSyncHealthDeadline{10};
constexpr int kHashingThreads = 2;
constexpr std::size_t kMaxQueuedLogIns = 64;
constexpr std::chrono::seconds kServerPatience{1};  // for PostgreSQL to end a query by itself
constexpr std::chrono::seconds kStopPatience{2};
constexpr std::size_t kMaxExportPageBytes = 1024 * 1024;
constexpr std::int64_t kMaxJobPageBytes = 4 * 1024 * 1024;
constexpr std::chrono::milliseconds kJobStatementTimeout{1'000};  // a cancellation is to take effect within two seconds

application::Log::Level ToLevel(infrastructure::LogLevel level) {
  switch (level) {
    case infrastructure::LogLevel::kDebug:
      return application::Log::Level::kDebug;
    case infrastructure::LogLevel::kInfo:
      return application::Log::Level::kInfo;
    case infrastructure::LogLevel::kWarning:
      return application::Log::Level::kWarning;
    case infrastructure::LogLevel::kError:
      return application::Log::Level::kError;
  }
  return application::Log::Level::kInfo;
}

infrastructure::GroupCommitSettings ToGroupCommit(const Settings& settings, const Stores& stores) {
  infrastructure::GroupCommitSettings group;
  group.connection_string = stores.write;
  group.committers = settings.committers;
  group.max_queued_events = settings.max_queued_events;
  group.max_queued_bytes = settings.max_queued_bytes;
  group.max_wait = settings.max_commit_wait;
  return group;
}

infrastructure::EventReaderSettings ToReader(const Settings& settings) {
  return {static_cast<std::int64_t>(settings.max_page_bytes), settings.query_timeout};
}

infrastructure::EventReaderSettings ToExportReader(const Settings& settings) {
  return {static_cast<std::int64_t>(std::min(settings.max_page_bytes, kMaxExportPageBytes)), settings.query_timeout};
}

api::HttpServerSettings ToServer(const Settings& settings, const infrastructure::ListenAddress& address, int workers) {
  api::HttpServerSettings server;
  server.host = address.host;
  server.port = address.port;
  server.workers = workers;
  server.max_target_bytes = settings.max_target_bytes;
  server.max_header_bytes = settings.max_header_bytes;
  server.max_header_fields = settings.max_header_fields;
  server.max_body_bytes = settings.max_body_bytes;
  server.max_requests = settings.max_requests;
  server.max_buffered_bytes = settings.max_buffered_bytes;
  server.max_unsent_bytes = settings.max_unsent_bytes;
  server.min_body_rate = settings.min_body_rate;
  server.min_read_rate = settings.min_read_rate;
  server.max_connections = settings.max_connections;
  server.header_timeout = settings.header_timeout;
  server.body_timeout = settings.body_timeout;
  server.idle_timeout = settings.idle_timeout;
  server.write_timeout = settings.write_timeout;
  return server;
}

api::HttpServerSettings ToAdminServer(const Settings& settings) {
  auto server = ToServer(settings, settings.admin_listen, 1);
  server.max_connections = std::min<std::size_t>(settings.max_connections, kAdminConnections);
  return server;
}

api::ForwardedHeader ToHeader(infrastructure::ProxyHeader header) {
  switch (header) {
    case infrastructure::ProxyHeader::kEither:
      return api::ForwardedHeader::kEither;
    case infrastructure::ProxyHeader::kXForwardedFor:
      return api::ForwardedHeader::kXForwardedFor;
    case infrastructure::ProxyHeader::kForwarded:
      return api::ForwardedHeader::kForwarded;
  }
  return api::ForwardedHeader::kEither;
}

api::CallSettings ToCalls(const Settings& settings, Surroundings& around, application::RefusedAttempts& refused) {
  api::CallSettings calls{around.metrics, around.log, api::CorsPolicy(settings.cors_origins), {}};
  for (const auto& proxy : settings.trusted_proxies) {
    if (const auto network = application::IpNetwork::Parse(proxy)) calls.proxies.trusted.push_back(*network);
  }
  calls.proxies.header = ToHeader(settings.forwarded_header);
  calls.max_body_bytes = settings.max_body_bytes;
  calls.refused = &refused;
  return calls;
}

std::unique_ptr<application::Cache> MakeCache(const Settings& settings, Surroundings& around) {
  if (const auto redis = infrastructure::RedisAddress::Parse(settings.redis_url)) {
    return std::make_unique<infrastructure::RedisCache>(infrastructure::RedisCache::Settings{.address = *redis},
                                                        around.metrics, around.log);
  }
  return std::make_unique<infrastructure::MemoryCache>(settings.cache_bytes, around.clock);
}

/// Bound; where that cannot be, the setting is named.
api::HttpServer Bind(const char* setting, const api::HttpServerSettings& settings, api::RequestHandler handler,
                     api::ProtocolErrorAnswer error_answer) try {
  return api::HttpServer(settings, std::move(handler), std::move(error_answer));
} catch (const std::runtime_error& error) {
  throw std::runtime_error(std::string(setting) + ": " + error.what());
}

api::HttpServer MakeServer(const char* setting, const api::HttpServerSettings& settings, const api::Router& router) {
  return Bind(
      setting, settings,
      [&router](api::Request request, api::Responder responder) {
        router.Dispatch(std::move(request), std::move(responder));
      },
      [&router](int status, std::string_view detail, const api::Headers& headers) {
        return router.AnswerProtocolError(status, detail, headers);
      });
}

api::MemberHandlers ToMembers(Surroundings& around, Management& management, People& people) {
  return {people.invite,         people.issue_service_token, people.store,
          people.service_tokens, management.directory,       around.clock};
}

/// The store answers, is durable and has the tables that this program expects.
api::Health CheckStore(const std::string& dsn, const char* store,
                       std::span<const infrastructure::Migration> migrations) {
  const auto durability = infrastructure::ReadDurability(dsn);
  if (!durability) return {durability.error().message};
  api::Health health;
  health.details = {{"fsync", durability->fsync},
                    {"fullPageWrites", durability->full_page_writes},
                    {"synchronousCommit", durability->synchronous_commit}};
  if (!durability->AreSafe()) {
    health.problem = "what is acknowledged may be lost: fsync, fullPageWrites and synchronousCommit must be on";
  } else if (const auto migrated = infrastructure::CheckMigrated(dsn, store, migrations); !migrated) {
    health.problem = migrated.error().message;
  }
  return health;
}

}  // namespace

void TryToListen(const Settings& settings) {
  const auto api = Bind(kListen, ToServer(settings, settings.listen, 1), {}, {});
  const auto admin = Bind(kAdminListen, ToAdminServer(settings), {}, {});
}

Surroundings::Surroundings(const Settings& settings, std::string_view version)
    : log(ToLevel(settings.log_level),
          settings.log_format == infrastructure::LogStyle::kJson ? infrastructure::LogFormat::kJson
                                                                 : infrastructure::LogFormat::kText,
          clock),
      metrics(version) {}

Management::Management(const Settings& settings, const Stores& stores, Surroundings& around)
    : pool({stores.write, settings.write_pool}, around.log),
      directory_store(pool, infrastructure::IsLoopback(settings.listen)),  // an `up` elsewhere may make a demo any time
      store(pool),
      keys(pool),
      structures(pool),
      audit(pool),
      directory(directory_store, compiler, around.log, settings.directory_poll),
      create_partner(store, directory, around.clock, around.secrets),
      change_partner(store, directory),
      register_system(store, directory, around.clock, around.secrets),
      change_system(store, directory),
      issue_key(keys, directory, around.clock, around.secrets),
      rotate_key(keys, directory, around.clock, around.secrets),
      revoke_key(keys, directory, around.clock),
      find_partners(store),
      find_systems(store),
      find_keys(keys),
      publish_structure(structures, directory, compiler, comparer, around.clock, around.secrets),
      change_structure(structures, directory, compiler, comparer, around.clock, around.secrets),
      compare_structure(structures, compiler, comparer),
      find_structures(structures),
      read_audit(audit),
      validate_documents(compiler),
      jobs(pool),
      verdicts(pool),
      measure_impact(jobs, around.clock, around.secrets),
      try_schema(jobs, compiler, around.clock, around.secrets),
      judge_again(jobs, around.clock, around.secrets) {}

domain::Result<domain::Done> AddAdminToken(application::ManagementStore& store, const std::string& name,
                                           const application::NewSecret& secret, const application::Author& author) {
  application::AuditEntry entry{std::nullopt, author, "admin_token.created", name + " (" + secret.prefix + ")"};
  entry.after = {{"name", name}, {"prefix", secret.prefix}};
  return store.AddAdminToken(name, secret.prefix, secret.hash, entry);
}

JobService::JobService(const Stores& stores, Surroundings& around, Management& management)
    : queue_(stores.write, around.secrets.NewId(around.clock.Now())),
      read_pool_({stores.read, 1}, around.log),
      reader_(read_pool_, {kMaxJobPageBytes, kJobStatementTimeout}),
      runner_(queue_, reader_, management.compiler, management.directory, around.log),
      thread_([this](std::stop_token stop) {
        runner_.Run(stop);
        ended_.set_value();
      }) {}

JobService::~JobService() {
  thread_.request_stop();
  if (ended_.get_future().wait_for(kStopPatience) != std::future_status::ready) queue_.Interrupt();
}

ApiService::ApiService(const Settings& settings, const Stores& stores, Surroundings& around, Management& management,
                       People& people)
    : drain_delay_(settings.drain_delay),
      drain_timeout_(settings.drain_timeout),
      stores_(stores),
      management_(management),
      read_pool_({.connection_string = stores.read,
                  // one for those who wait for a position
                  .max_connections = settings.read_pool + settings.export_threads + 1,
                  .transaction_timeout = settings.query_timeout + kServerPatience},
                 around.log),
      analysis_pool_({stores.read, static_cast<std::size_t>(settings.analysis_pool), settings.analysis_timeout},
                     around.log),
      reader_(read_pool_, ToReader(settings)),
      unknown_event_reader_(read_pool_, ToReader(settings)),
      behaviour_reader_(analysis_pool_),
      statistics_reader_(read_pool_, analysis_pool_, {settings.query_timeout}),
      changes_(read_pool_, settings.query_timeout),
      cache_(MakeCache(settings, around)),
      answers_(*cache_, changes_, management.directory, around.metrics, {.staleness = settings.cache_staleness}),
      event_store_(ToGroupCommit(settings, stores), around.metrics, around.log),
      ingest_events_(event_store_, management.directory, around.clock, around.secrets, around.metrics),
      find_events_(reader_, management.directory),
      find_funnel_(behaviour_reader_, management.directory, {settings.max_analysis_bytes}),
      find_sessions_(behaviour_reader_, management.directory, {settings.max_analysis_bytes}),
      find_retention_(behaviour_reader_, management.directory, {settings.max_analysis_bytes}),
      export_reader_(read_pool_, ToExportReader(settings)),
      export_events_(export_reader_, management.directory),
      export_places_({settings.max_exports, settings.max_partner_exports}),
      find_unknown_events_(unknown_event_reader_, management.directory),
      statistics_(statistics_reader_, management.directory),
      suggest_schema_(unknown_event_reader_, management.directory, suggester_),
      find_owner_(management.directory, reader_),
      blocking_(static_cast<int>(settings.read_pool), settings.max_queued_queries),
      analyses_({settings.analysis_pool, settings.analyses_per_partner, settings.max_queued_analyses,
                 settings.max_queued_queries}),
      exporting_(static_cast<int>(settings.export_threads), settings.max_exports),
      compiling_(kCompilingThreads, settings.max_queued_queries),
      watch_(changes_),
      recent_answers_({.max_age = settings.cache_staleness}),
      failures_(settings.max_auth_failures),
      key_uses_(management.keys, around.log, settings.key_use_interval),
      refused_(management.audit, management.directory, around.clock, around.log),
      hashing_(kHashingThreads, kMaxQueuedLogIns),
      authentication_(management.directory, people.identify, around.secrets, around.clock, blocking_, failures_,
                      key_uses_),
      router_(ToCalls(settings, around, refused_), around.clock, around.secrets),
      server_(MakeServer(kListen, ToServer(settings, settings.listen, settings.http_workers), router_)) {
  api::GuardedRoutes routes(router_, authentication_, find_owner_, blocking_);
  api::AddIngestRoutes(routes, ingest_events_, rate_limiter_, {settings.max_event_bytes, settings.max_batch_events});
  const api::ReadingRoutes::Services reading{answers_,       recent_answers_, management.directory,
                                             around.metrics, watch_,          changes_,
                                             around.clock,   blocking_,       analyses_};
  api::ReadingRoutes readings(routes, reading);
  api::AddEventRoutes(readings, find_events_, reader_);
  api::AddBehaviourRoutes(readings, {find_funnel_, find_sessions_, find_retention_});
  api::AddExportRoutes(routes, {export_events_, export_places_, exporting_, authentication_, reading});
  api::AddStatisticsRoutes(readings, statistics_);
  api::AddPartnerRoutes(
      routes, {management.create_partner, management.find_partners, management.change_partner, management.store});
  api::AddSystemRoutes(
      routes, {management.register_system, management.change_system, management.find_systems, management.store});
  api::AddKeyRoutes(
      routes, {management.issue_key, management.rotate_key, management.revoke_key, management.find_keys, around.clock});
  api::AddAuditRoutes(routes, management.read_audit);
  api::GuardedRoutes compiling(router_, authentication_, find_owner_, compiling_);
  api::AddStructureRoutes(routes, compiling,
                          {management.publish_structure, management.change_structure, management.compare_structure,
                           management.find_structures, management.validate_documents, management.structures});
  api::AddUnknownEventRoutes(routes, readings, find_unknown_events_, suggest_schema_);
  api::AddJobRoutes(routes, compiling,
                    {management.measure_impact, management.try_schema, management.judge_again, management.jobs});
  api::AddVerdictRoutes(routes, {reader_, management.verdicts});
  api::AddMemberRoutes(routes, ToMembers(around, management, people));
  api::AddServiceTokenRoutes(routes, ToMembers(around, management, people));
  api::AddPersonRoutes(routes, {people.store, management.store, management.directory, around.clock});
  api::GuardedRoutes hashing(router_, authentication_, find_owner_, hashing_);
  api::AddAuthRoutes(routes, hashing, blocking_,
                     {people.log_in, people.refresh, people.log_out, people.accept_invitation, people.forgot_password,
                      people.reset_password, management.directory});
  api::AddDocumentationRoutes(router_);
  jobs_.emplace(stores, around, management);
}

void ApiService::Stop() {
  if (!stopping_.exchange(true)) {
    server_.AskToLeave();
    std::this_thread::sleep_for(drain_delay_);
  }
  jobs_.reset();
  watch_.Stop();  // whoever waits for a position is told what there is
  server_.Stop(drain_timeout_);
  read_pool_.Interrupt();  // nobody waits for an answer any more
  analysis_pool_.Interrupt();
  management_.pool.Interrupt();
  blocking_.Stop();
  analyses_.Stop();
  exporting_.Stop();
  compiling_.Stop();
  hashing_.Stop();
  event_store_.Stop();
}

std::vector<api::HealthCheck> ApiService::HealthChecks() {
  return {{"serving", [this] { return stopping_ ? api::Health{"the process is stopping"} : api::Health{}; }},
          {"writeStore", [this] { return CheckStore(stores_.write, "write", infrastructure::WriteStoreMigrations()); }},
          {"readStore", [this] { return CheckStore(stores_.read, "read", infrastructure::ReadStoreMigrations()); }},
          {"directory", [this] {
             return management_.directory.IsLoaded() ? api::Health{}
                                                     : api::Health{"keys and structures have not been loaded yet"};
           }}};
}

SyncService::Worker::Worker(const Settings& settings, const Stores& stores, Surroundings& around)
    : outbox({stores.write}),
      read_model(stores.read),
      worker(outbox, read_model, around.metrics, around.log, {.poll_interval = settings.poll_interval}),
      thread([this](std::stop_token stop) {
        worker.Run(stop);
        ended.set_value();
      }) {}

SyncService::Worker::~Worker() {
  thread.request_stop();
  if (ended.get_future().wait_for(kStopPatience) == std::future_status::ready) return;
  outbox.Interrupt();
  read_model.Interrupt();
}

SyncService::SyncService(const Settings& settings, const Stores& stores, Surroundings& around) : stores_(stores) {
  for (int i = 0; i < settings.sync_workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(settings, stores, around));
  }
}

std::vector<api::HealthCheck> SyncService::HealthChecks() {
  return {{"projection", [this] {
             const auto now = std::chrono::steady_clock::now();
             const bool any_works = std::any_of(workers_.begin(), workers_.end(), [&](const auto& worker) {
               return now - worker->worker.last_success() < kSyncHealthDeadline;
             });
             return any_works ? api::Health{} : api::Health{"no worker has finished a round for 10 seconds"};
           }}};
}

AdminService::AdminService(const Settings& settings, Surroundings& around, std::vector<api::HealthCheck> checks)
    : blocking_(1, 64),
      router_({around.metrics, around.log}, around.clock, around.secrets),
      server_(MakeServer(kAdminListen, ToAdminServer(settings), router_)) {
  api::AddHealthRoutes(router_, blocking_, std::move(checks), around.metrics);
}

}  // namespace volcanion::cli
