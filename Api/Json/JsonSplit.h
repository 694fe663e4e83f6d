#pragma once

#include "Domain/Result.h"

#include <cstddef>
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

/// No value is nested deeper than this, the outermost one counted.
inline constexpr int kMaxJsonDepth = 64;

/// Takes one level of a JSON text apart without building a document: its members or elements, with the exact bytes of
/// each. All of the text is checked: grammar, UTF-8, depth. Numbers may have any size; an escaped lone surrogate
/// (\ud800) counts as U+FFFD in decoded strings. kMalformed with one fault (code malformed_json or too_deep, the
/// message says where) for what is no JSON; kInvalid (code wrong_type) for JSON of another kind.
domain::Result<std::vector<JsonMember>> SplitObject(std::string_view text);
domain::Result<std::vector<JsonSpan>> SplitArray(std::string_view text);

}  // namespace volcanion::api
