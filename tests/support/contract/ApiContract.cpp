#include "tests/support/contract/ApiContract.h"

#include "Api/Documentation/Files.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace volcanion::test {
namespace {

using rapidjson::Value;

constexpr std::array kMethods = {"get", "put", "post", "delete", "patch"};
// What any request may be answered with for the way it was sent, or because a service is missing.
const std::set<int> kOfAnyRequest = {400, 405, 408, 413, 414, 417, 431, 500, 501, 503, 505};

std::string AsPointerToken(std::string_view text) {
  std::string token;
  for (const char c : text) token += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return token;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  return segments;
}

bool Fits(std::string_view pattern, std::string_view path) {
  const auto wanted = Segments(pattern), given = Segments(path);
  return std::equal(wanted.begin(), wanted.end(), given.begin(), given.end(),
                    [](auto want, auto have) { return want.starts_with('{') || want == have; });
}

Value* Find(Value& value, const char* name) {
  if (!value.IsObject()) return nullptr;
  const auto member = value.FindMember(name);
  return member == value.MemberEnd() ? nullptr : &member->value;
}

/// Has a closure look at a schema and at those that it consists of.
class Schemas {
 public:
  explicit Schemas(rapidjson::Document& document) : document_(document) {}

  template <typename Visit>
  void EachIn(Value& schema, Visit visit) {
    if (!schema.IsObject()) return;
    visit(schema);
    for (const auto* keyword : {"items", "additionalProperties"}) {
      if (auto* part = Find(schema, keyword)) EachIn(*part, visit);
    }
    for (const auto* keyword : {"anyOf", "oneOf", "allOf"}) {
      if (auto* parts = Find(schema, keyword)) {
        for (auto& part : parts->GetArray()) EachIn(part, visit);
      }
    }
    if (auto* members = Find(schema, "properties")) {
      for (auto& member : members->GetObject()) EachIn(member.value, visit);
    }
  }

  /// Those of answers, and the components.
  template <typename Visit>
  void Each(Visit visit) {
    for (auto& schema : document_["components"]["schemas"].GetObject()) EachIn(schema.value, visit);
    for (auto& response : document_["components"]["responses"].GetObject()) EachOfResponse(response.value, visit);
    for (auto& item : document_["paths"].GetObject()) {
      for (const auto* method : kMethods) {
        if (auto* operation = Find(item.value, method)) {
          for (auto& response : (*operation)["responses"].GetObject()) EachOfResponse(response.value, visit);
        }
      }
    }
  }

  Value& Resolve(Value& schema) {
    auto* reference = Find(schema, "$ref");
    if (reference == nullptr) return schema;
    const std::string_view pointer(reference->GetString());
    Value* at = &document_;
    for (const auto part : Segments(pointer.substr(1))) at = &(*at)[std::string(part).c_str()];
    return Resolve(*at);
  }

  /// One object in the place of several that hold together.
  void Merge(Value& schema) {
    auto* parts = Find(schema, "allOf");
    if (parts == nullptr) return;
    auto& memory = document_.GetAllocator();
    Value members(rapidjson::kObjectType), required(rapidjson::kArrayType);
    for (auto& part : parts->GetArray()) {
      Value whole(Resolve(part), memory);
      Merge(whole);
      if (auto* more = Find(whole, "properties")) {
        for (auto& member : more->GetObject()) members.AddMember(member.name, member.value, memory);
      }
      if (auto* more = Find(whole, "required")) {
        for (auto& name : more->GetArray()) required.PushBack(name, memory);
      }
    }
    schema.SetObject();
    schema.AddMember("type", "object", memory).AddMember("properties", members, memory);
    schema.AddMember("required", required, memory);
  }

  void Close(Value& schema) {
    if (Find(schema, "properties") == nullptr || Find(schema, "additionalProperties") != nullptr) return;
    schema.AddMember("additionalProperties", false, document_.GetAllocator());
  }

 private:
  template <typename Visit>
  void EachOfResponse(Value& response, Visit visit) {
    auto* content = Find(response, "content");
    if (content == nullptr) return;
    for (auto& media : content->GetObject()) EachIn(media.value["schema"], visit);
  }

  rapidjson::Document& document_;
};

std::string ToText(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string MediaTypeOf(const RawResponse& answer) {
  const auto header = answer.Header("Content-Type").value_or("");
  return header.substr(0, header.find(';'));
}

}  // namespace

ApiContract& ApiContract::Get() {
  static ApiContract contract;
  return contract;
}

ApiContract::ApiContract() : compiler_({50'000'000, 10'000, std::chrono::seconds(60)}) {
  const auto text = api::OpenApiDocument();
  if (document_.Parse(text.data(), text.size()).HasParseError()) throw std::runtime_error("openapi.json is not JSON");
  Schemas schemas(document_);
  schemas.Each([&](Value& schema) { schemas.Merge(schema); });
  schemas.Each([&](Value& schema) { schemas.Close(schema); });
  text_ = ToText(document_);
}

std::optional<std::string> ApiContract::PatternOf(std::string_view path) const {
  std::optional<std::string> found;
  for (const auto& item : document_["paths"].GetObject()) {
    const std::string_view pattern(item.name.GetString());
    if (pattern == path) return std::string(pattern);
    if (!found && Fits(pattern, path)) found = pattern;
  }
  return found;
}

const application::CompiledSchema* ApiContract::SchemaAt(const std::string& pointer) {
  auto& schema = schemas_[pointer];
  if (!schema) {
    auto compiled = compiler_.Compile("{\"$ref\":\"#" + pointer + "\"," + text_.substr(1));
    if (!compiled) {
      throw std::runtime_error(pointer + ": " +
                               (compiled.error().faults.empty() ? compiled.error().message
                                                                : compiled.error().faults.front().pointer + " " +
                                                                      compiled.error().faults.front().message));
    }
    schema = *std::move(compiled);
  }
  return schema.get();
}

std::optional<std::string> ApiContract::Judge(const std::string& pointer, const std::string& body) {
  application::JudgingBudget budget{std::chrono::seconds(60)};
  const auto verdict = SchemaAt(pointer)->Judge(body, budget);
  if (verdict.is_valid()) return std::nullopt;
  const auto& first = verdict.violations.at(0);
  return first.pointer + ": " + first.message + " (" + first.schema_pointer + "), in " + body.substr(0, 500);
}

std::optional<std::string> ApiContract::FaultOf(std::string_view method, std::string_view target,
                                                const RawResponse& answer) {
  if (method == "OPTIONS" || answer.Header("Content-Encoding")) return std::nullopt;  // packed ones are like others
  const bool is_head = method == "HEAD";
  const auto path = target.substr(0, target.find('?'));
  const auto status = std::to_string(answer.status);
  const auto verb = is_head ? std::string("get") : Lower(method);
  const auto where = std::string(method) + " " + std::string(target) + " " + status + ": ";
  const std::string problem = "/components/schemas/Problem";
  const auto judge_problem = [&]() -> std::optional<std::string> {
    if (is_head) return std::nullopt;
    if (MediaTypeOf(answer) != "application/problem+json") return where + "is no problem";
    const auto fault = Judge(problem, answer.body);
    return fault ? std::optional(where + *fault) : std::nullopt;
  };
  const std::lock_guard lock(mutex_);
  const auto pattern = PatternOf(path);
  const auto item = pattern ? document_["paths"].FindMember(pattern->c_str()) : document_["paths"].MemberEnd();
  if (!pattern || !item->value.HasMember(verb.c_str())) {
    if (answer.status != 404 && answer.status != 405 && !kOfAnyRequest.contains(answer.status)) {
      return where + "is not described";
    }
    return judge_problem();
  }
  const auto& responses = item->value[verb.c_str()]["responses"];
  const auto described = responses.FindMember(status.c_str());
  if (described == responses.MemberEnd()) {
    const bool is_elsewhere = answer.status == 404 && !pattern->starts_with("/api/");  // on the other listener
    if (!is_elsewhere && !kOfAnyRequest.contains(answer.status)) return where + "the status is not described";
    return judge_problem();
  }
  seen_.insert(std::string(is_head ? "GET" : method) + " " + *pattern + " " + status);
  if (is_head) return std::nullopt;
  std::string place = "/paths/" + AsPointerToken(*pattern) + "/" + verb + "/responses/" + status;
  const Value* response = &described->value;
  if (response->HasMember("$ref")) {
    place = std::string((*response)["$ref"].GetString()).substr(1);
    response = &document_["components"]["responses"][place.substr(place.rfind('/') + 1).c_str()];
  }
  if (!response->HasMember("content")) {
    return answer.body.empty() ? std::nullopt : std::optional(where + "has a body that is not described");
  }
  const auto type = MediaTypeOf(answer);
  if (!(*response)["content"].HasMember(type.c_str())) return where + "the media type " + type + " is not described";
  place += "/content/" + AsPointerToken(type) + "/schema";
  if (type.ends_with("json") && type != "application/x-ndjson") {
    if (const auto fault = Judge(place, answer.body)) return where + *fault;
  }
  std::string_view rest(answer.body);
  if (type != "application/x-ndjson") rest = {};
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (const auto fault = Judge(place, std::string(line))) return where + *fault;
  }
  return std::nullopt;
}

std::set<std::string> ApiContract::Seen() {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::set<std::string> ApiContract::Described(const std::set<std::string>& statuses) const {
  std::set<std::string> described;
  for (const auto& item : document_["paths"].GetObject()) {
    for (const auto* method : kMethods) {
      if (!item.value.HasMember(method)) continue;
      std::string verb(method);
      std::transform(verb.begin(), verb.end(), verb.begin(), [](unsigned char c) { return std::toupper(c); });
      for (const auto& response : item.value[method]["responses"].GetObject()) {
        if (!statuses.contains(response.name.GetString())) continue;
        described.insert(verb + " " + item.name.GetString() + " " + response.name.GetString());
      }
    }
  }
  return described;
}

}  // namespace volcanion::test
