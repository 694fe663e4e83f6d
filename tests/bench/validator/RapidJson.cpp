#include "tests/bench/validator/Contender.h"

#include <rapidjson/document.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/schema.h>

#include <memory>
#include <stdexcept>

namespace volcanion::bench {
namespace {

struct Judge {
  explicit Judge(const rapidjson::Document& document) : schema(document), validator(schema) {}

  rapidjson::SchemaDocument schema;
  rapidjson::SchemaValidator validator;
  rapidjson::Reader reader;
};

}  // namespace

JudgeText MakeRapidJson(std::string_view schema) {
  rapidjson::Document document;
  document.Parse(schema.data(), schema.size());
  if (document.HasParseError()) throw std::runtime_error("the schema is not JSON");
  return [judge = std::make_shared<Judge>(document)](std::string_view json) {
    judge->validator.Reset();
    rapidjson::MemoryStream stream(json.data(), json.size());
    const bool parsed = !judge->reader.Parse(stream, judge->validator).IsError();
    return parsed && judge->validator.IsValid();
  };
}

}  // namespace volcanion::bench
