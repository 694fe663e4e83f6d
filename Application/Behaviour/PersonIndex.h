#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace volcanion::application {

/// Gives people small numbers, from 0 on.
class PersonIndex {
 public:
  std::uint32_t NumberOf(std::string_view person) {
    if (const auto known = numbers_.find(person); known != numbers_.end()) return known->second;
    bytes_ += kNodeBytes + (person.size() > kInlineBytes ? person.size() + 1 : 0);
    return numbers_.emplace(person, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }
  const std::uint32_t* Find(std::string_view person) const {
    const auto known = numbers_.find(person);
    return known == numbers_.end() ? nullptr : &known->second;
  }
  std::size_t size() const { return numbers_.size(); }
  /// About what it occupies.
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kInlineBytes = 15;  // of a std::string
  static constexpr std::size_t kNodeBytes = 80;  // a node with its text, its place in the table, the allocator's share

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::size_t bytes_ = 0;
};

}  // namespace volcanion::application
