#include "Infrastructure/JsonSchema/Comparison/ChangeWords.h"

namespace volcanion::infrastructure {

std::string SnakeCase(std::string_view keyword) {
  std::string code;
  for (const char c : keyword) {
    if (c >= 'A' && c <= 'Z') {
      code += '_';
      code += static_cast<char>(c - 'A' + 'a');
    } else {
      code += c;
    }
  }
  return code;
}

ChangeWords WordsFor(application::SchemaChange::Breaks breaks, std::string_view keyword,
                     const std::optional<std::string>& taken, const std::string& asked, Trend trend) {
  const bool backward = breaks == application::SchemaChange::Breaks::kBackward;
  const std::string name(keyword);
  const std::string code = SnakeCase(keyword);
  if (!taken) {
    const std::string verb = backward ? "added" : "removed";
    return {code + "_" + verb, name + " " + asked + " " + verb};
  }
  const bool up = trend == (backward ? Trend::kUp : Trend::kDown);
  const std::string verb = trend == Trend::kOther ? "changed" : up ? "raised" : "lowered";
  return {code + "_" + verb,
          name + " " + verb + " from " + (backward ? *taken : asked) + " to " + (backward ? asked : *taken)};
}

}  // namespace volcanion::infrastructure
