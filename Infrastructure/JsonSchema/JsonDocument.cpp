#include "Infrastructure/JsonSchema/JsonDocument.h"

#include "Application/Ascii.h"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <memory>
#include <numeric>

namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kFirstBlockBytes = 32 * 1024;
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;  // positions and sizes are 32 bits wide
constexpr std::size_t kKeptTextBytes = std::size_t{1} << 20;

// A truncated UTF-8 sequence makes RapidJSON's validation read up to three bytes past the end.
constexpr std::size_t kPadding = 8;

constexpr unsigned kFlags =
    rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;

}  // namespace

/// Receives RapidJSON's events and builds values out of the arena.
class JsonDocument::Builder {
 public:
  Builder(JsonDocument& document, std::size_t max_depth) : document_(document), max_depth_(max_depth) {}

  bool too_deep() const { return depth_ > max_depth_; }

  bool Null() { return Add(JsonValue()); }
  bool Bool(bool value) { return Add(JsonValue::OfBoolean(value)); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    return Add(JsonValue::OfNumber(AsWritten({text, length})));
  }
  bool String(const char* text, rapidjson::SizeType length, bool) { return Add(JsonValue::OfString({text, length})); }
  bool Key(const char* text, rapidjson::SizeType length, bool) { return Add(JsonValue::OfString({text, length})); }
  bool StartObject() { return Open(); }
  bool StartArray() { return Open(); }

  bool EndObject(rapidjson::SizeType count) {
    JsonMember* members = Allocate<JsonMember>(count);
    const JsonValue* source = document_.pending_.data() + document_.pending_.size() - 2 * std::size_t{count};
    for (rapidjson::SizeType i = 0; i < count; ++i) members[i] = {source[2 * i], source[2 * i + 1]};
    document_.pending_.resize(document_.pending_.size() - 2 * std::size_t{count});
    if (count > JsonValue::kMaxUnsorted) {
      const auto [kept, by_name] = SortUnique(members, count);
      return Close(JsonValue::OfObject(members, kept, by_name));
    }
    return Close(JsonValue::OfObject(members, Unique(members, count), nullptr));
  }

  bool EndArray(rapidjson::SizeType count) {
    JsonValue* elements = Allocate<JsonValue>(count);
    std::copy(document_.pending_.end() - count, document_.pending_.end(), elements);
    document_.pending_.resize(document_.pending_.size() - count);
    return Close(JsonValue::OfArray(elements, count));
  }

  // Never called: numbers come as RawNumber.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  template <typename T>
  T* Allocate(std::size_t count) {
    void* memory = document_.arena_.allocate(std::max<std::size_t>(count, 1) * sizeof(T), alignof(T));
    return static_cast<T*>(memory);
  }

  bool Add(JsonValue value) {
    value.set_position(next_position_++);
    document_.pending_.push_back(value);
    return true;
  }

  // A container's place in `pending_` stays empty until it is closed, so that its position precedes its content's.
  bool Open() {
    Add(JsonValue());
    return ++depth_ <= max_depth_;
  }

  bool Close(JsonValue value) {
    --depth_;
    value.set_position(document_.pending_.back().position());
    document_.pending_.back() = value;
    return true;
  }

  std::string_view AsWritten(std::string_view number) const {
    const std::vector<application::LongNumber>& replaced = document_.long_numbers_;
    if (replaced.empty()) return number;
    const auto offset = static_cast<std::size_t>(number.data() - document_.text_.data());
    const auto found =
        std::lower_bound(replaced.begin(), replaced.end(), offset,
                         [](const application::LongNumber& entry, std::size_t at) { return entry.offset < at; });
    return found != replaced.end() && found->offset == offset ? std::string_view(found->text) : number;
  }

  /// Keeps the last of the members with one name; returns how many are kept.
  static std::uint32_t Unique(JsonMember* members, std::uint32_t count) {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string_view name = members[i].name.text();
      const bool again = std::any_of(members + i + 1, members + count,
                                     [name](const JsonMember& later) { return later.name.text() == name; });
      if (!again) members[kept++] = members[i];
    }
    return kept;
  }

  /// The same for many members, with their indexes ordered by name.
  std::pair<std::uint32_t, const std::uint32_t*> SortUnique(JsonMember* members, std::uint32_t count) {
    std::uint32_t* order = Allocate<std::uint32_t>(count);
    const auto name_of = [members](std::uint32_t index) { return members[index].name.text(); };
    const auto sort = [&](std::uint32_t size) {
      std::iota(order, order + size, 0U);
      std::sort(order, order + size, [&](std::uint32_t a, std::uint32_t b) {
        const int compared = name_of(a).compare(name_of(b));
        return compared != 0 ? compared < 0 : a < b;
      });
    };
    sort(count);
    bool any_again = false;
    for (std::uint32_t i = 0; i + 1 < count; ++i) {
      if (name_of(order[i]) != name_of(order[i + 1])) continue;
      any_again = true;
      members[order[i]].name.set_position(kDropped);
    }
    if (!any_again) return {count, order};
    JsonMember* end = std::remove_if(members, members + count,
                                     [](const JsonMember& member) { return member.name.position() == kDropped; });
    const auto kept = static_cast<std::uint32_t>(end - members);
    sort(kept);
    return {kept, order};
  }

  static constexpr std::uint32_t kDropped = UINT32_MAX;

  JsonDocument& document_;
  const std::size_t max_depth_;
  std::size_t depth_ = 0;
  std::uint32_t next_position_ = 0;
};

JsonDocument::JsonDocument() : first_block_(kFirstBlockBytes), arena_(first_block_.data(), first_block_.size()) {}

JsonDocument::Outcome JsonDocument::Read(std::string_view text, std::size_t max_depth) {
  if (text.size() > kMaxTextBytes) return {false, "is too large"};
  if (text_.capacity() > kKeptTextBytes && text.size() < kKeptTextBytes) std::string().swap(text_);

  static thread_local rapidjson::Reader reader;
  const bool is_ascii = application::IsAscii(text);
  bool repaired = application::MayHoldSurrogates(text);
  for (;;) {
    root_ = JsonValue();
    arena_.release();
    pending_.clear();
    long_numbers_.clear();
    text_.assign(text);
    if (repaired) long_numbers_ = application::RepairJson(text_);
    text_.append(kPadding, '\0');

    rapidjson::InsituStringStream stream(text_.data());
    Builder builder(*this, max_depth);
    // The reader looks at each byte once more to check it; most texts have none that need it.
    const rapidjson::ParseResult result =
        is_ascii ? reader.Parse<kFlags>(stream, builder)
                 : reader.Parse<kFlags | rapidjson::kParseValidateEncodingFlag>(stream, builder);
    const auto stopped_at = static_cast<std::size_t>(stream.src_ - text_.data());
    if (!result.IsError() && stopped_at == text.size()) {
      root_ = pending_.back();
      return {true};
    }
    if (result.Code() == rapidjson::kParseErrorNumberTooBig && !repaired) {
      repaired = true;
      continue;
    }
    if (builder.too_deep()) return {false, "is nested deeper than " + std::to_string(max_depth) + " levels"};
    if (!result.IsError()) return {false, "is not valid JSON at byte " + std::to_string(stopped_at)};
    std::string why = rapidjson::GetParseError_En(result.Code());
    if (!why.empty() && why.back() == '.') why.pop_back();
    return {false, "is not valid JSON at byte " + std::to_string(result.Offset()) + " (" + why + ")"};
  }
}

}  // namespace volcanion::infrastructure
