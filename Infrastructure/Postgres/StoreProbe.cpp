#include "Infrastructure/Postgres/StoreProbe.h"

#include "Infrastructure/Postgres/PqConnection.h"
#include "Infrastructure/Postgres/PqErrors.h"

namespace volcanion::infrastructure {
namespace {

constexpr char kDurability[] = R"sql(
  SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')
)sql";

constexpr std::chrono::seconds kProbePatience{2};  // whoever asks for readiness does not wait long

}  // namespace

domain::Result<DurabilitySettings> ReadDurability(const std::string& connection_string) try {
  const auto settings = PqConnection(connection_string, kProbePatience).Execute(kDurability, {});
  return DurabilitySettings{std::string(settings.bytes(0, 0)), std::string(settings.bytes(0, 1)),
                            std::string(settings.bytes(0, 2))};
} catch (const PqError& error) {
  return ToWorkerError(error);
}

}  // namespace volcanion::infrastructure
