#pragma once

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"

#include <optional>
#include <string>

namespace volcanion::api {

/// A page of a list, and where the next one begins. `write` writes one item.
template <typename Items, typename Write>
std::string PageText(const Items& items, const std::optional<std::string>& next_cursor, Write write) {
  JsonText json;
  json.BeginObject();
  json.Name("items").BeginArray();
  for (const auto& item : items) write(json, item);
  json.EndArray();
  json.Name("nextCursor");
  WriteOptional(json, next_cursor);
  json.EndObject();
  return json.Take();
}

template <typename Items, typename Write>
Response PageJson(const Items& items, const std::optional<std::string>& next_cursor, Write write) {
  return MakeJson(200, PageText(items, next_cursor, write));
}

}  // namespace volcanion::api
