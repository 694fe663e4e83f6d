#pragma once

#include "Domain/Result.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::api {

enum class JsonKind { kNull, kBoolean, kNumber, kString, kObject, kArray };

/// A value inside a JSON text.
struct JsonSpan {
  JsonKind kind = JsonKind::kNull;
  std::size_t begin = 0;  ///< offset of its first byte
  std::size_t size = 0;   ///< bytes
  std::string string;     ///< decoded, when it is a string

  std::string_view In(std::string_view text) const { return text.substr(begin, size); }
};

struct JsonMember {
  std::string name;  ///< decoded
  JsonSpan value;
};

/// No event and no management body is nested deeper than this, the outermost level counted.
inline constexpr int kMaxJsonDepth = 64;

struct SplitLimits {
  int max_depth = kMaxJsonDepth;
  std::size_t max_values = 1'000;  ///< members or elements of the level that is taken apart
  bool check_utf8 = true;          ///< off where each value is checked again on its own
};

/// Takes one level of a JSON text apart without building a document: its members or elements, with the exact bytes of
/// each. All of the text is checked: grammar, UTF-8, depth. Numbers may have any size; an escaped lone surrogate
/// (\ud800) counts as U+FFFD in decoded strings. kMalformed with one fault (code malformed_json or too_deep, the
/// message says where) for what is no JSON; kInvalid for JSON of another kind (code wrong_type), or with too many
/// values (too_many).
domain::Result<std::vector<JsonMember>> SplitObject(std::string_view text, const SplitLimits& limits = {});
domain::Result<std::vector<JsonSpan>> SplitArray(std::string_view text, const SplitLimits& limits = {});

/// Takes a list of objects apart in one pass over the text: an object whose one member is `name`, an array of objects,
/// no more than `max_objects` and not none. Calls `on_object` with each object's place and its members, whose places
/// are relative to it; they are gone after the call. True when all of the text is that, and each object what
/// SplitObject() with `limits` would take. Otherwise false, whatever was called by then: take it apart step by step to
/// learn why.
bool SplitObjectList(std::string_view text, std::string_view name, std::size_t max_objects, const SplitLimits& limits,
                     const std::function<void(const JsonSpan&, std::vector<JsonMember>&)>& on_object);

}  // namespace volcanion::api
