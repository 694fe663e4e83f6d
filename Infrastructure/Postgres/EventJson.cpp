#include "Infrastructure/Postgres/EventJson.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace volcanion::infrastructure {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void Member(Writer& writer, std::string_view name, const std::string& value) {
  writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

template <typename Items, typename Write>
std::string ToJsonArray(const Items& items, Write write) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const auto& item : items) {
    writer.StartObject();
    write(writer, item);
    writer.EndObject();
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string Text(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

}  // namespace

std::string ViolationsToJson(const std::vector<domain::Violation>& violations) {
  return ToJsonArray(violations, [](Writer& writer, const domain::Violation& violation) {
    Member(writer, "pointer", violation.pointer);
    Member(writer, "keyword", violation.keyword);
    Member(writer, "message", violation.message);
    Member(writer, "schemaPointer", violation.schema_pointer);
  });
}

std::vector<domain::Violation> ViolationsFromJson(std::string_view json) {
  std::vector<domain::Violation> violations;
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsArray()) return violations;
  for (const auto& item : document.GetArray()) {
    if (!item.IsObject()) continue;
    violations.push_back(
        {Text(item, "pointer"), Text(item, "keyword"), Text(item, "message"), Text(item, "schemaPointer")});
  }
  return violations;
}

std::string FaultsToJson(const std::vector<domain::Fault>& faults) {
  return ToJsonArray(faults, [](Writer& writer, const domain::Fault& fault) {
    Member(writer, "pointer", fault.pointer);
    Member(writer, "code", fault.code);
    Member(writer, "message", fault.message);
  });
}

}  // namespace volcanion::infrastructure
