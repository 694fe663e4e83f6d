#pragma once

#include "Infrastructure/Config/Settings.h"

#include <cstddef>
#include <string>

namespace volcanion::cli {

/// Each returns the exit status of the process: 0 for success, 1 for a failure that was told on stderr.

/// Everything on this machine, until a signal.
int RunUp(infrastructure::Settings settings);
int RunApi(const infrastructure::Settings& settings);
int RunSync(const infrastructure::Settings& settings);
/// Puts the batches that were set aside back into the outbox.
int RetrySetAside(const infrastructure::Settings& settings);
int RunMigrate(const infrastructure::Settings& settings);
int PrintConfig(const infrastructure::Settings& settings);
/// A platform admin; the password is asked for on a terminal, else read from standard input or
/// VOLCANION_ADMIN_PASSWORD.
int CreateAdmin(const infrastructure::Settings& settings, const std::string& email);
/// Whether a person may log in and use tokens.
int SetPersonActive(const infrastructure::Settings& settings, const std::string& email, bool is_active);
int RotateSigningKey(const infrastructure::Settings& settings);
int RevokeDemo(const infrastructure::Settings& settings);
int CreateAdminToken(const infrastructure::Settings& settings, const std::string& name);

struct IngestOptions {
  std::string file;  ///< NDJSON, plain or gzip; "-" for standard input
  std::string url;
  std::string api_key;
  std::size_t batch_events = 500;
  int max_attempts = 20;  ///< of one batch
};
/// Sends a file of events to a server.
int RunIngest(const IngestOptions& options);

}  // namespace volcanion::cli
