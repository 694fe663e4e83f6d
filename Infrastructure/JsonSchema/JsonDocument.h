#pragma once

#include "Application/JsonRepair.h"
#include "Infrastructure/JsonSchema/JsonValue.h"

#include <cstddef>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// Reads JSON with RapidJSON's reader into JsonValues, which live until the next Read. Meant to be used again and again
/// by one thread: an ordinary document allocates nothing then.
///
/// Everything that RFC 8259 allows is read: numbers of any size, \u0000, duplicate names (the last one counts), and
/// lone surrogates, which become U+FFFD. UTF-8 is validated; depth is limited; nothing recurses.
class JsonDocument {
 public:
  JsonDocument();

  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  /// What became of a Read. `reason` completes the sentence "the document ...", as in "is not valid JSON at byte 7".
  struct Outcome {
    bool ok = false;
    std::string reason = {};
  };

  /// `text` need not outlive the call. A scalar has depth 0, `[]` has depth 1.
  Outcome Read(std::string_view text, std::size_t max_depth);

  /// The value that was read; only after a Read that went well.
  const JsonValue& root() const { return root_; }

 private:
  class Builder;

  std::string text_;  // what the reader unescapes in place; strings and numbers are views of it
  std::vector<application::LongNumber> long_numbers_;
  std::vector<JsonValue> pending_;  // what is read and belongs to a container that is still open; names among values
  std::vector<std::byte> first_block_;
  std::pmr::monotonic_buffer_resource arena_;
  JsonValue root_;
};

}  // namespace volcanion::infrastructure
