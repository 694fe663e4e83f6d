#pragma once

#include "Infrastructure/JsonSchema/JsonValue.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// Text for people, of at most `max_bytes` and whole UTF-8 characters, with an ellipsis where it was cut.
std::string Cut(std::string_view text, std::size_t max_bytes = 60);

/// A value as it is quoted in a sentence, cut: words stand as they are, other strings in quotes.
std::string Quote(const JsonValue& value);

/// "a string", "an array", ...
std::string_view WithArticle(JsonType type);

/// "1 item", "2 items": the plural is made with an s.
std::string Counted(std::uint64_t count, std::string_view noun);

/// "a, b or c".
template <typename Range>
std::string Alternatives(const Range& words) {
  std::string text;
  std::size_t left = std::size(words);
  for (const auto& word : words) {
    text += word;
    --left;
    if (left > 0) text += left == 1 ? " or " : ", ";
  }
  return text;
}

}  // namespace volcanion::infrastructure
