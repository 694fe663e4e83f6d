#include "Api/Routes/AsOf.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

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

std::string AsOfHeader(const application::Freshness& freshness, domain::Timestamp now) {
  JsonText json;
  json.BeginObject();
  WriteAsOf(json, freshness, now);
  json.EndObject();
  constexpr std::string_view kBefore = R"({"asOf":)";
  const auto text = json.Take();
  return text.substr(kBefore.size(), text.size() - kBefore.size() - 1);
}

}  // namespace volcanion::api
