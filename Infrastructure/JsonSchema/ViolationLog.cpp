#include "Infrastructure/JsonSchema/ViolationLog.h"

#include "Domain/JsonPointer.h"
#include "Infrastructure/JsonSchema/JsonValue.h"

#include <algorithm>
#include <utility>

namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kMaxPointerBytes = 1000;

}  // namespace

std::string PointerTo(const PathStep* path) {
  if (path == nullptr) return {};
  std::vector<const PathStep*> chain;
  for (; path != nullptr; path = path->parent) chain.push_back(path);
  std::string pointer;
  for (auto step = chain.rbegin(); step != chain.rend(); ++step) {
    const std::string_view name = (*step)->name;
    if (pointer.size() + name.size() > kMaxPointerBytes) break;
    if (name.data() == nullptr) {
      pointer += '/';
      pointer += std::to_string((*step)->index);
    } else if (name.find('\0') == std::string_view::npos) {
      domain::AppendPointerToken(name, pointer);
    } else {
      domain::AppendPointerToken(WithoutNul(name), pointer);
    }
  }
  return pointer;
}

std::string WithoutNul(std::string_view text) {
  std::string storable;
  for (const char c : text) c == '\0' ? storable += "\xEF\xBF\xBD" : storable += c;
  return storable;
}

void ViolationLog::Add(std::uint32_t position, domain::Violation violation) {
  if (full()) return;
  bytes_ += violation.pointer.size() + violation.schema_pointer.size() + violation.message.size();
  found_.push_back({position, std::move(violation)});
}

std::vector<domain::Violation> ViolationLog::TakeInOrder() {
  std::stable_sort(found_.begin(), found_.end(),
                   [](const Found& a, const Found& b) { return a.position < b.position; });
  std::vector<domain::Violation> violations;
  violations.reserve(found_.size());
  for (Found& found : found_) violations.push_back(std::move(found.violation));
  found_.clear();
  bytes_ = 0;
  return violations;
}

}  // namespace volcanion::infrastructure
