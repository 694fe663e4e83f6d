#pragma once

#include "Api/Json/JsonText.h"
#include "Api/Middleware/GuardedRoutes.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Application/Queries/FindMembers.h"

#include <utility>

namespace volcanion::api {

/// Of /api/partners/{id}/...?limit=&cursor=
inline domain::Result<application::FindMembers> ReadPageQuestion(const Call& call) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  auto query = QueryReader::Open(call.request.query);
  if (!query) return std::move(query).error();
  application::FindMembers question{*partner};
  question.limit = query->Integer("limit", question.limit);
  question.cursor = query->Text("cursor");
  if (auto read = query->Finish(); !read) return std::move(read).error();
  return question;
}

template <typename Page, typename WriteItem>
Response ShowPage(const Page& page, WriteItem write_item) {
  JsonText json;
  json.BeginObject();
  json.Name("items").BeginArray();
  for (const auto& item : page.items) write_item(json, item);
  json.EndArray();
  json.Name("nextCursor");
  WriteOptional(json, page.next_cursor);
  json.EndObject();
  return MakeJson(200, json.Take());
}

}  // namespace volcanion::api
