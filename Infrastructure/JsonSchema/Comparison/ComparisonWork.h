#pragma once

#include "Infrastructure/JsonSchema/EcmaPattern.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// What one comparison may do, and the patterns that it uses. When there are no steps left, or a recursion is too deep,
/// whoever asks gives up.
class ComparisonWork {
 public:
  explicit ComparisonWork(std::uint64_t max_steps) : steps_left_(max_steps) {}

  /// False when there are not as many steps left.
  bool Spend(std::uint64_t steps) {
    if (steps > steps_left_) gave_up_ = true;
    steps_left_ -= steps < steps_left_ ? steps : steps_left_;
    return !gave_up_;
  }

  /// Counts how deep a recursion is while it exists.
  class Descent {
   public:
    explicit Descent(ComparisonWork& work) : work_(work) {
      if (++work_.depth_ > kMaxDepth) work_.gave_up_ = true;
    }
    ~Descent() { --work_.depth_; }
    Descent(const Descent&) = delete;
    Descent& operator=(const Descent&) = delete;

   private:
    ComparisonWork& work_;
  };

  bool gave_up() const { return gave_up_; }

  bool Matches(std::string_view pattern, std::string_view text) {
    auto found = patterns_.find(pattern);
    if (found == patterns_.end()) {
      Spend(100 + pattern.size());
      found = patterns_.emplace(std::string(pattern), std::make_unique<const EcmaPattern>(pattern)).first;
      Spend(found->second->size());
    }
    if (!Spend(found->second->Cost(text.size()))) return false;
    if (!found->second->ok()) gave_up_ = true;
    return !gave_up_ && found->second->Matches(text);
  }

 private:
  // Far above what people write; each takes some kilobytes of stack.
  static constexpr int kMaxDepth = 250;

  std::uint64_t steps_left_;
  int depth_ = 0;
  bool gave_up_ = false;
  std::map<std::string, std::unique_ptr<const EcmaPattern>, std::less<>> patterns_;  // by source
};

}  // namespace volcanion::infrastructure
