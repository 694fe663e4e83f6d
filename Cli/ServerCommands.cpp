#include "Cli/Commands.h"
#include "Cli/Demo.h"
#include "Cli/People.h"
#include "Cli/Services.h"
#include "Cli/StopSignals.h"
#include "Cli/Stores.h"
#include "Infrastructure/PostgresServer/PrivateCluster.h"

#include <malloc.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>

namespace volcanion::cli {
namespace {

using infrastructure::Settings;

constexpr char kDatabase[] = "volcanion";
constexpr std::chrono::seconds kMemoryReturn{5};
constexpr std::chrono::seconds kDemoPause{1};

int Fail(const domain::Error& error) {
  std::cerr << "volcanion: " << error.message << "\n";
  for (const auto& fault : error.faults) std::cerr << "  " << fault.message << "\n";
  return 1;
}

/// As many connections as the system lets this user have: the soft limit is for programs that use select().
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void Say(std::string_view sentence) { std::cerr << "volcanion: " << sentence << "\n"; }

std::vector<api::HealthCheck> Joined(std::vector<api::HealthCheck> checks, std::vector<api::HealthCheck> more) {
  for (auto& check : more) checks.push_back(std::move(check));
  return checks;
}

/// The private PostgreSQL of the data directory, started, with its connection strings written down for other commands.
/// `died` is called when the server ends by itself.
std::unique_ptr<infrastructure::PrivateCluster> StartCluster(Settings& settings, std::stop_token stop,
                                                             std::function<void()> died) {
  infrastructure::PrivateClusterSettings cluster_settings;
  cluster_settings.directory = settings.data_dir;
  cluster_settings.progress = Say;
  cluster_settings.on_unexpected_exit = [died = std::move(died)](std::string_view reason) {
    Say(reason);
    died();
  };
  auto cluster = std::make_unique<infrastructure::PrivateCluster>(std::move(cluster_settings));
  cluster->Start(stop);
  cluster->CreateDatabaseIfMissing(kDatabase);
  settings.write_dsn = settings.read_dsn = cluster->ConnectionString(kDatabase);
  WritePrivateFile(StoresFile(settings),
                   "# Written by `volcanion up`: how other commands reach its PostgreSQL while it runs.\n"
                   "VOLCANION_WRITE_DSN=\"" +
                       settings.write_dsn + "\"\nVOLCANION_READ_DSN=\"" + settings.read_dsn + "\"\n");
  return cluster;
}

void PrintWelcome(const Settings& settings, const Demo* demo, std::uint16_t port, std::uint16_t admin_port) {
  const auto at = [](const infrastructure::ListenAddress& address, std::uint16_t bound) {
    return "http://" + address.host + ":" + std::to_string(bound);
  };
  std::cout << "\nVolcanion is ready.\n\n"
            << "  API      " << at(settings.listen, port) << "\n"
            << "  health   " << at(settings.admin_listen, admin_port) << "/health/ready\n"
            << "  metrics  " << at(settings.admin_listen, admin_port) << "/metrics\n";
  if (demo != nullptr) {
    const auto file = demo->env_file.string();
    std::cout
        << "  demo     " << file << " (URL, key, ids and administrator's token)\n\n"
        << "Next, in another terminal:\n\n"
        << "  set -a; . " << file << "; set +a\n"
        << "  curl -s -H \"X-API-Key: $VOLCANION_API_KEY\" -H 'Content-Type: application/json' \\\n"
        << "    -d '{\"eventName\":\"hello\",\"properties\":{\"who\":\"world\"}}' $VOLCANION_URL/api/events/ingest\n"
        << "  build/volcanion ingest db/demo/wildlife_strikes.ndjson.gz\n"
        << "  curl -s -H \"Authorization: Bearer $VOLCANION_ADMIN_TOKEN\" \\\n"
        << "    \"$VOLCANION_URL/api/events/partner-system/$VOLCANION_PARTNER_SYSTEM_ID?limit=3\"\n";
  }
  std::cout << "\nCtrl-C stops it.\n" << std::endl;
}

/// Tells at once what readiness would tell later: a store that is away, not migrated, or that may lose what it
/// acknowledges.
void LogProblems(application::Log& log, const std::vector<api::HealthCheck>& checks) {
  for (const auto& [name, check] : checks) {
    if (const auto health = check(); !health.problem.empty()) {
      log.Error("not ready", {{"check", std::string_view(name)}, {"reason", std::string_view(health.problem)}});
    }
  }
}

/// Tells what keeps everybody from logging in, or what a dump of the store would give away. A store that is away is
/// told of elsewhere.
void LogSigningKey(const Settings& settings, Surroundings& around, People& people, bool is_sealing) {
  const auto can_open = people.signing_keys.CanOpen(around.clock.Now() - settings.signing_key_lifetime);
  if (can_open && !*can_open) {
    return around.log.Error(
        "nobody can log in",
        {{"reason", std::string_view(
                        "the signing key in the write store is sealed with a key that is not here: put that key into "
                        "the file of VOLCANION_SIGNING_KEY_FILE (of `up`: signing.key in its data directory) and "
                        "start again, or run `volcanion admin rotate-signing-key`")}});
  }
  if (!is_sealing) {
    around.log.Warning("signing keys lie in the write store as they are: set VOLCANION_SIGNING_KEY_FILE to seal them");
  }
}

/// The secrets of the demo lie in a file, and its tokens may do everything: not on a server that others can reach.
/// Waits for the store where it has to be asked.
domain::Result<domain::Done> CheckDemo(const Settings& settings, People& people, application::Log& log,
                                       const StopSignals& signals) {
  if (infrastructure::IsLoopback(settings.listen)) return domain::Done{};
  auto found = people.demo_credentials.Find();
  while (!found) {
    log.Warning("waiting for the write store, to see whether credentials of the demo are good in it",
                {{"reason", std::string_view(found.error().message)}});
    if (signals.WaitFor(kDemoPause)) {
      return domain::Error{domain::ErrorKind::kUnavailable, "stopped while waiting for the write store"};
    }
    found = people.demo_credentials.Find();
  }
  if (found->empty()) return domain::Done{};
  return domain::Error{domain::ErrorKind::kInvalid,
                       "VOLCANION_LISTEN lets others reach this server, and credentials of the demo are good here (" +
                           *found + "). Run `volcanion admin revoke-demo`, and set VOLCANION_DEMO=false."};
}

// The C library keeps what a burst of large answers has freed, gigabytes of it, for a burst that may never come.
void WaitForStop(const StopSignals& signals) {
  while (!signals.WaitFor(kMemoryReturn)) malloc_trim(0);
  Say("stopping");
}

}  // namespace

int RunUp(Settings settings) {
  StopSignals signals;
  RaiseDescriptorLimit();
  if (settings.demo && !infrastructure::IsLoopback(settings.listen)) {
    return Fail({domain::ErrorKind::kInvalid,
                 "VOLCANION_LISTEN lets others reach this server: set VOLCANION_DEMO=false, as the demo's credentials "
                 "are not for them."});
  }
  std::error_code error;
  // Where there is a cluster, another `up` on it has the ports: that the folder is in use says more.
  if (settings.write_dsn.empty() && !std::filesystem::exists(settings.data_dir / "postgres", error)) {
    TryToListen(settings);
  }
  std::filesystem::create_directories(settings.data_dir, error);
  if (error)
    return Fail({domain::ErrorKind::kInvalid, settings.data_dir.string() + " cannot be made: " + error.message()});
  settings.data_dir = std::filesystem::absolute(settings.data_dir);

  std::atomic<bool> cluster_died = false;
  std::unique_ptr<infrastructure::PrivateCluster> cluster;  // before the services: stops when none needs it any more
  if (settings.write_dsn.empty()) {
    try {
      cluster = StartCluster(settings, signals.token(), [&] {
        cluster_died = true;
        signals.RequestStop();
      });
    } catch (const std::exception&) {
      if (cluster_died || !signals.token().stop_requested()) throw;
      Say("stopped before it was ready");
      return 0;
    }
  }
  const auto stores = CompleteStores(settings.write_dsn, settings.read_dsn);
  if (!stores) return Fail(stores.error());
  if (auto migrated = MigrateStores(*stores); !migrated) return Fail(migrated.error());

  Surroundings around(settings, VOLCANION_VERSION);
  Management management(settings, *stores, around);
  const auto messages = MakeMessages(settings, around, true);
  const bool is_sealed_anew = MakeSealingKeyIfMissing(settings);
  auto sealing = LoadSealingKeys(settings);
  if (!sealing) return Fail(sealing.error());
  const bool is_sealing = sealing->has_key();
  People people(settings, around, management, *messages, *std::move(sealing));
  if (auto checked = CheckDemo(settings, people, around.log, signals); !checked) {
    return signals.token().stop_requested() && !cluster_died ? 0 : Fail(checked.error());
  }
  if (is_sealed_anew) {  // what the last key has sealed cannot be opened any more
    if (auto changed = people.access_tokens.ChangeKey(); !changed) return Fail(changed.error());
  }
  SyncService sync(settings, *stores, around);
  ApiService api(settings, *stores, around, management, people);
  AdminService admin(settings, around, Joined(api.HealthChecks(), sync.HealthChecks()));

  std::optional<Demo> demo;
  if (settings.demo) {
    auto made = MakeDemo(settings, around, management, people, api.port());
    if (!made) return Fail(made.error());
    demo = *std::move(made);
  }
  api.Start();
  admin.Start();
  LogProblems(around.log, api.HealthChecks());
  LogSigningKey(settings, around, people, is_sealing);
  PrintWelcome(settings, demo ? &*demo : nullptr, api.port(), admin.port());
  WaitForStop(signals);
  api.Stop();
  admin.Stop();
  return cluster_died ? 1 : 0;
}

int RunApi(const Settings& settings) {
  StopSignals signals;
  RaiseDescriptorLimit();
  const auto stores = ResolveStores(settings);
  if (!stores) return Fail(stores.error());
  Surroundings around(settings, VOLCANION_VERSION);
  Management management(settings, *stores, around);
  const auto messages = MakeMessages(settings, around, false);
  auto sealing = LoadSealingKeys(settings);
  if (!sealing) return Fail(sealing.error());
  const bool is_sealing = sealing->has_key();
  People people(settings, around, management, *messages, *std::move(sealing));
  if (const auto checked = CheckDemo(settings, people, around.log, signals); !checked) {
    return signals.token().stop_requested() ? 0 : Fail(checked.error());
  }
  ApiService api(settings, *stores, around, management, people);
  AdminService admin(settings, around, api.HealthChecks());
  api.Start();
  admin.Start();
  around.log.Info("api is listening", {{"port", std::int64_t{api.port()}}, {"adminPort", std::int64_t{admin.port()}}});
  LogProblems(around.log, api.HealthChecks());
  LogSigningKey(settings, around, people, is_sealing);
  WaitForStop(signals);
  api.Stop();
  admin.Stop();
  return 0;
}

int RunSync(const Settings& settings) {
  StopSignals signals;
  const auto stores = ResolveStores(settings);
  if (!stores) return Fail(stores.error());
  Surroundings around(settings, VOLCANION_VERSION);
  SyncService sync(settings, *stores, around);
  AdminService admin(settings, around, sync.HealthChecks());
  admin.Start();
  around.log.Info("sync is working", {{"adminPort", std::int64_t{admin.port()}}});
  WaitForStop(signals);
  admin.Stop();
  return 0;
}

int RunMigrate(const Settings& settings) {
  const auto stores = ResolveStores(settings);
  if (!stores) return Fail(stores.error());
  const auto migrated = MigrateStores(*stores);
  return migrated ? 0 : Fail(migrated.error());
}

int RetrySetAside(const Settings& settings) {
  const auto stores = ResolveStores(settings);
  if (!stores) return Fail(stores.error());
  const auto put_back = infrastructure::PostgresOutbox({.connection_string = stores->write}).RetrySetAside();
  if (!put_back) return Fail(put_back.error());
  std::cout << *put_back << " batches are back in the outbox\n";
  return 0;
}

int PrintConfig(const Settings& settings) {
  for (const auto& setting : infrastructure::Describe(settings)) {
    std::cout << "# " << setting.meaning << "\n" << setting.name << "=" << setting.value << "\n";
  }
  return 0;
}

int CreateAdminToken(const Settings& settings, const std::string& name) {
  const auto stores = ResolveStores(settings);
  if (!stores) return Fail(stores.error());
  Surroundings around(settings, VOLCANION_VERSION);
  Management management(settings, *stores, around);
  const auto secret = around.secrets.NewAdminToken();
  const auto added = AddAdminToken(management.store, name, secret, {"volcanion admin-token", ""});
  if (!added) return Fail(added.error());
  Say("this token is shown once; keep it secret");
  std::cout << secret.text << std::endl;
  return std::cout ? 0 : Fail({domain::ErrorKind::kInternal, "The token could not be written; make another one."});
}

}  // namespace volcanion::cli
