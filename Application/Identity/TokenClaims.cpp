#include "Application/Ports/SignedTokens.h"

#include <algorithm>

namespace volcanion::application {
namespace {

constexpr std::chrono::seconds kClockDifference{30};

}  // namespace

bool TokenClaims::AreGood(std::string_view of_issuer, std::string_view for_audience, domain::Timestamp now) const {
  return issuer == of_issuer && std::find(audiences.begin(), audiences.end(), for_audience) != audiences.end() &&
         expires_at && now < *expires_at && (!not_before || *not_before - kClockDifference <= now);
}

}  // namespace volcanion::application
