#include "Api/Middleware/Cors.h"

#include <algorithm>

namespace volcanion::api {

bool CorsPolicy::Allows(std::string_view origin) const {
  return !origin.empty() && (allows_all() || std::find(origins_.begin(), origins_.end(), origin) != origins_.end());
}

void CorsPolicy::AddTo(Response& response, std::string_view origin) const {
  if (origins_.empty()) return;
  if (!allows_all()) response.headers.Add("Vary", "Origin");
  if (!Allows(origin)) return;
  response.headers.Add("Access-Control-Allow-Origin", allows_all() ? "*" : std::string(origin));
  response.headers.Add("Access-Control-Expose-Headers",
                       "Retry-After, ETag, X-Correlation-ID, X-As-Of, Content-Disposition, RateLimit-Limit, "
                       "RateLimit-Remaining, RateLimit-Reset");
}

void CorsPolicy::AddPreflightTo(Response& response, std::string_view origin, std::string_view methods) const {
  if (!Allows(origin)) return;
  response.headers.Add("Access-Control-Allow-Methods", std::string(methods));
  response.headers.Add("Access-Control-Allow-Headers",
                       "Authorization, Content-Type, Content-Encoding, X-API-Key, X-Correlation-ID, traceparent, "
                       "If-Match, If-None-Match, Cache-Control");
  response.headers.Add("Access-Control-Max-Age", "600");
}

}  // namespace volcanion::api
