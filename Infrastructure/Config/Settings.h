#pragma once

#include "Domain/Result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

struct ListenAddress {
  std::string host;        ///< numeric
  std::uint16_t port = 0;  ///< 0: any free port
};

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogStyle { kJson, kText };
enum class ProxyHeader { kEither, kXForwardedFor, kForwarded };

/// Everything that can be configured. Each field is an environment variable or a line of the configuration file, named
/// in Settings.cpp beside its meaning; `volcanion config` prints both.
struct Settings {
  ListenAddress listen{"127.0.0.1", 8080};
  ListenAddress admin_listen{"127.0.0.1", 8081};
  std::filesystem::path data_dir = "var";
  std::string write_dsn;  ///< empty: the private PostgreSQL of the data directory
  std::string read_dsn;   ///< empty: likewise
  bool demo = true;

  int http_workers = 2;
  std::vector<std::string> cors_origins;     ///< exact, or "*" alone
  std::vector<std::string> trusted_proxies;  ///< addresses and networks, checked
  ProxyHeader forwarded_header = ProxyHeader::kEither;
  std::size_t max_connections = 10'000;
  std::size_t max_target_bytes = 8 * 1024;
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_header_fields = 100;
  std::size_t max_body_bytes = 4 * 1024 * 1024;
  std::size_t max_buffered_bytes = 256 * 1024 * 1024;
  std::size_t max_unsent_bytes = 256 * 1024 * 1024;
  std::size_t max_requests = 4'096;
  std::size_t min_body_rate = 16 * 1024;
  std::size_t min_read_rate = 16 * 1024;
  std::size_t max_event_bytes = 1024 * 1024;
  std::size_t max_batch_events = 1'000;
  std::chrono::milliseconds header_timeout{5'000};
  std::chrono::milliseconds body_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds write_timeout{10'000};
  std::chrono::milliseconds drain_delay{0};
  std::chrono::milliseconds drain_timeout{10'000};

  int committers = 2;
  std::size_t max_queued_events = 20'000;
  std::size_t max_queued_bytes = 64 * 1024 * 1024;
  std::chrono::milliseconds max_commit_wait{5'000};

  std::size_t write_pool = 4;
  std::size_t read_pool = 8;
  std::size_t max_queued_queries = 256;
  std::size_t export_threads = 2;
  std::size_t max_exports = 64;
  std::size_t max_partner_exports = 4;
  std::chrono::milliseconds query_timeout{10'000};
  std::size_t max_page_bytes = 8 * 1024 * 1024;
  int analysis_pool = 4;
  int analyses_per_partner = 2;
  std::size_t max_queued_analyses = 8;
  std::chrono::milliseconds analysis_timeout{30'000};
  std::size_t max_analysis_bytes = 256 * 1024 * 1024;
  std::chrono::milliseconds directory_poll{500};
  int max_auth_failures = 60;
  std::chrono::milliseconds key_use_interval{30'000};

  std::chrono::seconds access_token_lifetime{600};
  std::chrono::seconds signing_key_lifetime{30 * 24 * 3600};
  std::string signing_key_file;  ///< empty: signing.key in the data directory, where there is one
  std::string oidc_issuer;       ///< empty: no external issuer
  std::string oidc_audience;
  std::string oidc_jwks;

  std::string smtp_url;  ///< empty: messages are not sent
  std::string smtp_from;
  std::string smtp_user;
  std::string smtp_password;
  std::string smtp_ca_file;  ///< empty: whom the system believes

  std::size_t cache_bytes = 48 * 1024 * 1024;
  std::string redis_url;  ///< checked; empty: the cache is in memory
  std::chrono::milliseconds cache_staleness{50};

  int sync_workers = 2;
  std::chrono::milliseconds poll_interval{100};

  LogLevel log_level = LogLevel::kInfo;
  LogStyle log_format = LogStyle::kJson;
};

/// Whether nobody but this machine can reach it.
bool IsLoopback(const ListenAddress& address);

/// Whether a URL's host is this machine itself, by its number.
bool IsOwnAddress(std::string_view url);

/// One setting as an operator sees it.
struct SettingDescription {
  std::string name;
  std::string meaning;  ///< with its unit
  std::string value;    ///< passwords masked
};

/// Every setting with its value, in the order of the documentation.
std::vector<SettingDescription> Describe(const Settings& settings);

/// Reads `file` (NAME=value lines, # comments; may be empty: none) and over it `environment`. kInvalid with one fault
/// per mistake: unknown names that begin with VOLCANION_, values that cannot be read or are out of range.
domain::Result<Settings> LoadSettings(const std::filesystem::path& file,
                                      const std::map<std::string, std::string>& environment);

/// The VOLCANION_ variables of this process.
std::map<std::string, std::string> VolcanionEnvironment();

struct EnvFile {
  std::map<std::string, std::string> values;
  std::vector<std::string> mistakes;  ///< lines of another form, and names that stand twice
};

/// Reads NAME=value lines; blank lines and those that begin with # are skipped. kInvalid when the file cannot be read.
domain::Result<EnvFile> ReadEnvFile(const std::filesystem::path& file);

}  // namespace volcanion::infrastructure
