#include "tests/support/processes/TextParts.h"

#include "Api/Json/JsonSplit.h"

namespace volcanion::test::processes {

bool Contains(const std::string& text, std::string_view piece) { return text.find(piece) != std::string::npos; }

std::string Member(std::string_view object, std::string_view name) {
  const auto members = api::SplitObject(object);
  if (!members) return {};
  for (const auto& member : *members) {
    if (member.name != name) continue;
    const bool is_string = member.value.kind == api::JsonKind::kString;
    return is_string ? member.value.string : std::string(member.value.In(object));
  }
  return {};
}

std::vector<std::string> Elements(const std::string& array) {
  std::vector<std::string> texts;
  if (const auto elements = api::SplitArray(array)) {
    for (const auto& element : *elements) texts.emplace_back(element.In(array));
  }
  return texts;
}

}  // namespace volcanion::test::processes
