#include "tests/bench/validator/Contender.h"

// valijson's adapter gives RapidJSON's assertions another meaning: here RapidJSON gets a namespace of its own.
#define VALIJSON_USE_EXCEPTIONS 1
#define RAPIDJSON_NAMESPACE plain_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace plain_rapidjson {
#define RAPIDJSON_NAMESPACE_END }
namespace plain_rapidjson {}
namespace rapidjson = plain_rapidjson;

#include <valijson/adapters/rapidjson_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <memory>
#include <stdexcept>

namespace volcanion::bench {
namespace {

struct Judge {
  valijson::Schema schema;
  valijson::Validator validator;
};

}  // namespace

JudgeText MakePlainValijson(std::string_view schema) {
  rapidjson::Document document;
  document.Parse(schema.data(), schema.size());
  if (document.HasParseError()) throw std::runtime_error("the schema is not JSON");
  auto judge = std::make_shared<Judge>();
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::RapidJsonAdapter(document), judge->schema);
  return [judge](std::string_view json) {
    rapidjson::Document parsed;
    parsed.Parse(json.data(), json.size());
    return !parsed.HasParseError() &&
           judge->validator.validate(judge->schema, valijson::adapters::RapidJsonAdapter(parsed), nullptr);
  };
}

}  // namespace volcanion::bench
