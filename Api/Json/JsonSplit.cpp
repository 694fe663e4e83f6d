#include "Api/Json/JsonSplit.h"

#include "Application/Ascii.h"
#include "Application/JsonRepair.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <utility>

namespace volcanion::api {
namespace {

constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;

template <typename Handler>
rapidjson::ParseResult Read(std::string_view text, bool check_utf8, rapidjson::MemoryStream& stream, Handler& handler) {
  rapidjson::Reader reader;
  // The reader looks at each byte once more to check it; most texts have none that need it.
  if (check_utf8 && !application::IsAscii(text)) {
    return reader.Parse<kFlags | rapidjson::kParseValidateEncodingFlag>(stream, handler);
  }
  return reader.Parse<kFlags>(stream, handler);
}

/// Notes the values of the outermost object or array as the reader goes by. Where a value begins follows from where the
/// one before it ended: only white space, ',' and ':' lie between.
class Splitter {
 public:
  Splitter(std::string_view text, const rapidjson::MemoryStream& stream, const SplitLimits& limits)
      : text_(text), stream_(stream), limits_(limits) {}

  bool Null() { return Scalar(JsonKind::kNull); }
  bool Bool(bool) { return Scalar(JsonKind::kBoolean); }
  bool Int(int) { return Scalar(JsonKind::kNumber); }
  bool Uint(unsigned) { return Scalar(JsonKind::kNumber); }
  bool Int64(std::int64_t) { return Scalar(JsonKind::kNumber); }
  bool Uint64(std::uint64_t) { return Scalar(JsonKind::kNumber); }
  bool Double(double) { return Scalar(JsonKind::kNumber); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return Scalar(JsonKind::kNumber); }
  bool String(const char* characters, rapidjson::SizeType size, bool) {
    if (depth_ == 1) decoded_.assign(characters, size);
    return Scalar(JsonKind::kString);
  }
  bool Key(const char* characters, rapidjson::SizeType size, bool) {
    if (depth_ != 1) return true;
    name_.assign(characters, size);
    previous_end_ = stream_.Tell();
    return true;
  }
  bool StartObject() { return Open(JsonKind::kObject); }
  bool StartArray() { return Open(JsonKind::kArray); }
  // The iterative reader reports brackets before it takes them.
  bool EndObject(rapidjson::SizeType) { return Close(JsonKind::kObject); }
  bool EndArray(rapidjson::SizeType) { return Close(JsonKind::kArray); }

  JsonKind outermost() const { return outermost_; }
  bool too_deep() const { return depth_ > limits_.max_depth; }
  bool too_many() const { return members_.size() > limits_.max_values; }
  std::vector<JsonMember> TakeMembers() { return std::move(members_); }

 private:
  bool Open(JsonKind kind) {
    if (depth_ == 0) {
      outermost_ = kind;
      previous_end_ = stream_.Tell() + 1;
    }
    return ++depth_ <= limits_.max_depth;
  }

  bool Close(JsonKind kind) { return --depth_ != 1 || Note(kind, stream_.Tell() + 1); }

  bool Scalar(JsonKind kind) {
    if (depth_ == 0) outermost_ = kind;
    return depth_ != 1 || Note(kind, stream_.Tell());
  }

  /// False when there are too many.
  bool Note(JsonKind kind, std::size_t end) {
    const auto begin = text_.find_first_not_of(" \t\r\n:,", previous_end_);
    members_.push_back({std::move(name_), {kind, begin, end - begin, std::move(decoded_)}});
    name_.clear();
    decoded_.clear();
    previous_end_ = end;
    return !too_many();
  }

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  const SplitLimits limits_;
  int depth_ = 0;
  JsonKind outermost_ = JsonKind::kNull;
  std::size_t previous_end_ = 0;
  std::string name_;
  std::string decoded_;
  std::vector<JsonMember> members_;
};

/// Notes the members of each object in a list of objects; stops at anything else.
class ListSplitter {
 public:
  using OnObject = std::function<void(const JsonSpan&, std::vector<JsonMember>&)>;

  ListSplitter(std::string_view text, const rapidjson::MemoryStream& stream, std::string_view name,
               std::size_t max_objects, const SplitLimits& limits, const OnObject& on_object)
      : text_(text), stream_(stream), list_name_(name), most_(max_objects), limits_(limits), on_object_(on_object) {}

  bool Null() { return Scalar(JsonKind::kNull); }
  bool Bool(bool) { return Scalar(JsonKind::kBoolean); }
  bool Int(int) { return Scalar(JsonKind::kNumber); }
  bool Uint(unsigned) { return Scalar(JsonKind::kNumber); }
  bool Int64(std::int64_t) { return Scalar(JsonKind::kNumber); }
  bool Uint64(std::uint64_t) { return Scalar(JsonKind::kNumber); }
  bool Double(double) { return Scalar(JsonKind::kNumber); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return Scalar(JsonKind::kNumber); }
  bool String(const char* characters, rapidjson::SizeType size, bool) {
    if (depth_ == kInObject) decoded_.assign(characters, size);
    return Scalar(JsonKind::kString);
  }
  bool Key(const char* characters, rapidjson::SizeType size, bool) {
    if (depth_ == 1) return lists_++ == 0 && std::string_view(characters, size) == list_name_;
    if (depth_ != kInObject) return true;
    member_name_.assign(characters, size);
    previous_end_ = stream_.Tell();
    return true;
  }
  bool StartObject() {
    if (depth_ == kInList) object_begins_ = previous_end_ = stream_.Tell();
    return depth_ != 1 && Open();
  }
  bool StartArray() { return depth_ != 0 && depth_ != kInList && Open(); }
  bool EndObject(rapidjson::SizeType) {
    if (--depth_ == kInObject) return Note(JsonKind::kObject, stream_.Tell() + 1);
    if (depth_ != kInList) return true;
    if (++objects_ > most_) return false;
    on_object_({JsonKind::kObject, object_begins_, stream_.Tell() + 1 - object_begins_, {}}, members_);
    members_.clear();
    return true;
  }
  bool EndArray(rapidjson::SizeType) { return --depth_ != kInObject || Note(JsonKind::kArray, stream_.Tell() + 1); }

  bool is_list() const { return lists_ == 1 && objects_ > 0; }

 private:
  static constexpr int kInList = 2, kInObject = 3;

  bool Open() { return ++depth_ <= kInList + limits_.max_depth; }
  bool Scalar(JsonKind kind) { return depth_ > kInObject || (depth_ == kInObject && Note(kind, stream_.Tell())); }
  bool Note(JsonKind kind, std::size_t end) {
    const auto begin = text_.find_first_not_of(" \t\r\n:,", previous_end_);
    members_.push_back({std::move(member_name_), {kind, begin - object_begins_, end - begin, std::move(decoded_)}});
    member_name_.clear();
    decoded_.clear();
    previous_end_ = end;
    return members_.size() <= limits_.max_values;
  }

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  const std::string_view list_name_;
  const std::size_t most_;
  const SplitLimits limits_;
  const OnObject& on_object_;
  int depth_ = 0;
  int lists_ = 0;
  std::size_t objects_ = 0;
  std::size_t object_begins_ = 0;
  std::size_t previous_end_ = 0;
  std::string member_name_;
  std::string decoded_;
  std::vector<JsonMember> members_;  // of the object that is being read
};

domain::Error Malformed(const char* code, std::string message) {
  return {domain::ErrorKind::kMalformed, message, {{"", code, message}}};
}

struct Parsed {
  rapidjson::ParseResult result;
  std::size_t end;
  bool too_deep;
  bool too_many;
  JsonKind outermost;
  std::vector<JsonMember> members;
};

Parsed Parse(std::string_view text, const SplitLimits& limits) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  Splitter splitter(text, stream, limits);
  const auto result = Read(text, limits.check_utf8, stream, splitter);
  return {
      result, stream.Tell(), splitter.too_deep(), splitter.too_many(), splitter.outermost(), splitter.TakeMembers()};
}

/// Reads what RapidJSON would refuse although it is JSON, through a copy of the same length, only where there is need.
Parsed ParseRepairing(std::string_view text, const SplitLimits& limits) {
  if (!application::MayHoldSurrogates(text)) {
    auto parsed = Parse(text, limits);
    if (parsed.result.Code() != rapidjson::kParseErrorNumberTooBig) return parsed;
  }
  std::string repaired(text);
  (void)application::RepairJson(repaired);
  return Parse(repaired, limits);
}

domain::Result<std::vector<JsonMember>> Split(std::string_view text, const SplitLimits& limits, JsonKind wanted,
                                              const char* wrong_type) {
  auto parsed = ParseRepairing(text, limits);
  if (parsed.too_deep) {
    return Malformed("too_deep", "must not be nested deeper than " + std::to_string(limits.max_depth) + " levels");
  }
  if (parsed.too_many) {
    const auto message = "must not have more than " + std::to_string(limits.max_values) + " members or elements";
    return domain::Error{domain::ErrorKind::kInvalid, message, {{"", "too_many", message}}};
  }
  if (parsed.result.IsError()) {
    return Malformed("malformed_json", std::string("is not JSON: ") +
                                           rapidjson::GetParseError_En(parsed.result.Code()) + " At byte " +
                                           std::to_string(parsed.result.Offset()) + ".");
  }
  // The reader takes a NUL byte for the end of the text.
  if (parsed.end != text.size()) {
    return Malformed("malformed_json", "is not JSON: NUL at byte " + std::to_string(parsed.end) + ".");
  }
  if (parsed.outermost != wanted) {
    return domain::Error{domain::ErrorKind::kInvalid, wrong_type, {{"", "wrong_type", wrong_type}}};
  }
  for (auto& member : parsed.members) {
    if (member.value.kind != JsonKind::kNumber) continue;
    // A repaired number is shorter than the one that was sent.
    const auto end = std::min(text.find_first_not_of("0123456789+-.eE", member.value.begin), text.size());
    member.value.size = end - member.value.begin;
  }
  return std::move(parsed.members);
}

}  // namespace

domain::Result<std::vector<JsonMember>> SplitObject(std::string_view text, const SplitLimits& limits) {
  return Split(text, limits, JsonKind::kObject, "must be a JSON object");
}

domain::Result<std::vector<JsonSpan>> SplitArray(std::string_view text, const SplitLimits& limits) {
  auto members = Split(text, limits, JsonKind::kArray, "must be a JSON array");
  if (!members) return std::move(members).error();
  std::vector<JsonSpan> elements;
  elements.reserve(members->size());
  for (auto& member : *members) elements.push_back(std::move(member.value));
  return elements;
}

bool SplitObjectList(std::string_view text, std::string_view name, std::size_t max_objects, const SplitLimits& limits,
                     const std::function<void(const JsonSpan&, std::vector<JsonMember>&)>& on_object) {
  if (application::MayHoldSurrogates(text)) return false;
  rapidjson::MemoryStream stream(text.data(), text.size());
  ListSplitter splitter(text, stream, name, max_objects, limits, on_object);
  const auto result = Read(text, true, stream, splitter);
  return !result.IsError() && stream.Tell() == text.size() && splitter.is_list();
}

}  // namespace volcanion::api
