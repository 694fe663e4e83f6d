#include "Api/Routes/AsOf.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace volcanion::api {

void WriteAsOf(JsonText& json, const application::Freshness& freshness, domain::Timestamp now) {
  json.Name("asOf").BeginObject();
  json.Name("position").Text(std::to_string(freshness.position));
  json.Name("lagSeconds");
  if (freshness.instant) {
    // The two clocks may be of two machines: a small difference below zero says nothing.
    json.Number(std::max(0.0, std::chrono::duration<double>(now - *freshness.instant).count()));
  } else {
    json.Null();
  }
  json.EndObject();
}

}  // namespace volcanion::api
