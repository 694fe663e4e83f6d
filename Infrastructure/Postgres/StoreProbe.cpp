#include "Infrastructure/Postgres/StoreProbe.h"

#include "Infrastructure/Postgres/PqConnection.h"
#include "Infrastructure/Postgres/PqErrors.h"

namespace volcanion::infrastructure {
namespace {

// "local" waits for the disk of this server, which is the promise; a standby may lag behind it.
constexpr char kUnsafeSettings[] = R"sql(
  SELECT name || ' is ' || setting FROM pg_settings
  WHERE (name IN ('fsync', 'full_page_writes') AND setting <> 'on')
     OR (name = 'synchronous_commit' AND setting = 'off')
  ORDER BY name
)sql";

}  // namespace

domain::Result<domain::Done> CheckDurable(const std::string& connection_string) try {
  const auto unsafe = PqConnection(connection_string).Execute(kUnsafeSettings, {});
  if (unsafe.rows() == 0) return domain::Done{};
  std::string message = "what is acknowledged may be lost: ";
  for (int row = 0; row < unsafe.rows(); ++row) message.append(row == 0 ? "" : ", ").append(unsafe.bytes(row, 0));
  return domain::Error{domain::ErrorKind::kUnavailable, message};
} catch (const PqError& error) {
  return ToWorkerError(error);
}

domain::Result<domain::Done> CheckReachable(const std::string& connection_string) try {
  (void)PqConnection(connection_string).Execute("SELECT 1");
  return domain::Done{};
} catch (const PqError& error) {
  return ToWorkerError(error);
}

}  // namespace volcanion::infrastructure
