#pragma once

#include <string>
#include <vector>

namespace volcanion::infrastructure {

/// As a text of type text[].
inline std::string TextArray(const std::vector<std::string>& texts) {
  std::string array = "{";
  for (const auto& text : texts) {
    if (array.size() > 1) array.push_back(',');
    array.push_back('"');
    for (const char c : text) {
      if (c == '"' || c == '\\') array.push_back('\\');
      array.push_back(c);
    }
    array.push_back('"');
  }
  return array + "}";
}

}  // namespace volcanion::infrastructure
