#include "Api/Json/JsonText.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace volcanion::api {

struct JsonText::State {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

namespace {

rapidjson::SizeType SizeOf(std::string_view text) { return static_cast<rapidjson::SizeType>(text.size()); }

}  // namespace

JsonText::JsonText() : state_(std::make_unique<State>()) {}
JsonText::~JsonText() = default;

JsonText& JsonText::BeginObject() { return state_->writer.StartObject(), *this; }
JsonText& JsonText::EndObject() { return state_->writer.EndObject(), *this; }
JsonText& JsonText::BeginArray() { return state_->writer.StartArray(), *this; }
JsonText& JsonText::EndArray() { return state_->writer.EndArray(), *this; }
JsonText& JsonText::Name(std::string_view name) { return state_->writer.Key(name.data(), SizeOf(name)), *this; }
JsonText& JsonText::Text(std::string_view value) { return state_->writer.String(value.data(), SizeOf(value)), *this; }
JsonText& JsonText::Integer(std::int64_t value) { return state_->writer.Int64(value), *this; }
JsonText& JsonText::Number(double value) { return state_->writer.Double(value), *this; }
JsonText& JsonText::Boolean(bool value) { return state_->writer.Bool(value), *this; }
JsonText& JsonText::Null() { return state_->writer.Null(), *this; }
JsonText& JsonText::Raw(std::string_view json) {
  // The type only matters to a writer that checks it: this one wants to know whether it writes a name.
  state_->writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}

std::string JsonText::Take() { return {state_->buffer.GetString(), state_->buffer.GetSize()}; }

void WriteViolations(JsonText& json, const std::vector<domain::Violation>& violations) {
  json.BeginArray();
  for (const auto& violation : violations) {
    json.BeginObject();
    json.Name("pointer").Text(violation.pointer);
    json.Name("keyword").Text(violation.keyword);
    json.Name("message").Text(violation.message);
    json.Name("schemaPointer").Text(violation.schema_pointer);
    json.EndObject();
  }
  json.EndArray();
}

void WriteFaults(JsonText& json, const std::vector<domain::Fault>& faults) {
  json.BeginArray();
  for (const auto& fault : faults) {
    json.BeginObject();
    json.Name("pointer").Text(fault.pointer);
    json.Name("code").Text(fault.code);
    json.Name("message").Text(fault.message);
    json.EndObject();
  }
  json.EndArray();
}

void WriteOptional(JsonText& json, const std::optional<std::string>& text) { text ? json.Text(*text) : json.Null(); }

}  // namespace volcanion::api
