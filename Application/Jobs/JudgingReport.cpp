#include "Application/Jobs/JudgingReport.h"

#include <algorithm>
#include <set>
#include <utility>

namespace volcanion::application {
namespace {

/// At most so many bytes, never half of a character.
std::string Shortened(std::string_view text) {
  auto size = JudgingReport::kMaxTextBytes;
  if (text.size() <= size) return std::string(text);
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

bool IsIndex(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string WithoutIndexes(std::string_view pointer) {
  std::string text;
  while (!pointer.empty()) {
    const auto end = std::min(pointer.find('/', 1), pointer.size());
    const auto token = pointer.substr(1, end - 1);
    text.append("/").append(IsIndex(token) ? "*" : token);
    pointer.remove_prefix(end);
  }
  return text;
}

void VerdictTally::Add(bool was_valid, bool is_valid) {
  if (was_valid) {
    ++(is_valid ? stayed_valid : turned_invalid);
  } else {
    ++(is_valid ? turned_valid : stayed_invalid);
  }
}

void JudgingReport::Add(const EventRow& event, const domain::Verdict& verdict) {
  const auto& violations = verdict.violations;
  tally.Add(event.is_valid, verdict.is_valid());
  if (systems.empty() || systems.back().system != event.partner_system_id) {
    systems.push_back({event.partner_system_id, event.partner_system_name, {}});
  }
  systems.back().tally.Add(event.is_valid, verdict.is_valid());
  if (!violations.empty()) ++violating;
  if (verdict.outcome == domain::Verdict::Outcome::kUnjudged) ++unjudged;

  std::set<std::pair<std::string, std::string_view>> seen;  // an event counts once for each kind
  for (const auto& violation : violations) {
    auto pointer = Shortened(WithoutIndexes(violation.pointer));
    if (!seen.insert({pointer, violation.keyword}).second) continue;
    auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const ViolationKind& known) {
      return known.pointer == pointer && known.keyword == violation.keyword;
    });
    if (kind == kinds.end()) {
      if (kinds.size() == kMaxViolationKinds) {
        ++events_beyond;
        continue;
      }
      kind = kinds.insert(kinds.end(), {std::move(pointer), violation.keyword, 0, {}});
    }
    ++kind->events;
    if (kind->examples.size() < kMaxExamples) {
      kind->examples.push_back({event.tracking_event_id, Shortened(violation.message)});
    }
  }
}

}  // namespace volcanion::application
