#pragma once

#include "Infrastructure/JsonSchema/EcmaPattern.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// What one comparison may do, and the patterns that it uses. When the steps run out, whoever asks gives up.
class ComparisonWork {
 public:
  explicit ComparisonWork(std::uint64_t max_steps) : steps_left_(max_steps) {}

  /// False when there are not as many steps left.
  bool Spend(std::uint64_t steps) {
    if (steps > steps_left_) gave_up_ = true;
    steps_left_ -= steps < steps_left_ ? steps : steps_left_;
    return !gave_up_;
  }

  void GiveUp() { gave_up_ = true; }
  bool gave_up() const { return gave_up_; }

  bool Matches(std::string_view pattern, std::string_view text) {
    auto found = patterns_.find(pattern);
    if (found == patterns_.end()) {
      Spend(100 + pattern.size());
      found = patterns_.emplace(std::string(pattern), std::make_unique<const EcmaPattern>(pattern)).first;
      Spend(found->second->size());
    }
    if (!Spend(found->second->Cost(text.size()))) return false;
    if (!found->second->ok()) GiveUp();
    return !gave_up_ && found->second->Matches(text);
  }

 private:
  std::uint64_t steps_left_;
  bool gave_up_ = false;
  std::map<std::string, std::unique_ptr<const EcmaPattern>, std::less<>> patterns_;  // by source
};

}  // namespace volcanion::infrastructure
