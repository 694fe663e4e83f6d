#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// Gives people small numbers, from 0 on. Each look takes two jumps in memory, as millions of events are looked up: an
/// open table (linear probing, at most two thirds full), and the texts one behind the other.
class PersonIndex {
 public:
  /// The one that it has, or the next one.
  std::uint32_t NumberOf(std::string_view person);
  std::optional<std::uint32_t> Find(std::string_view person) const;
  std::size_t size() const { return size_; }
  /// That it occupies.
  std::size_t bytes() const { return slots_.capacity() * sizeof(Slot) + texts_.capacity(); }

 private:
  struct Slot {
    std::size_t place = 0;  // of the text in texts_, from 1 on: behind its length; 0: the slot is free
    std::uint32_t tag = 0;  // the upper half of the hash
    std::uint32_t number = 0;
  };

  static std::size_t HashOf(std::string_view person);
  /// The slot of the person, or the free one where it would be.
  std::size_t SlotOf(std::string_view person, std::size_t hash) const;
  bool Holds(const Slot& slot, std::string_view person, std::size_t hash) const;
  void Grow();

  std::vector<Slot> slots_ = std::vector<Slot>(1024);  // a power of two
  std::string texts_;
  std::size_t size_ = 0;
};

}  // namespace volcanion::application
