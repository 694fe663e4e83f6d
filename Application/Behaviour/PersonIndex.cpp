#include "Application/Behaviour/PersonIndex.h"

#include <cstring>
#include <functional>
#include <utility>

namespace volcanion::application {
namespace {

using Length = std::uint32_t;

}  // namespace

std::size_t PersonIndex::HashOf(std::string_view person) { return std::hash<std::string_view>()(person); }

bool PersonIndex::Holds(const Slot& slot, std::string_view person, std::size_t hash) const {
  if (slot.tag != static_cast<std::uint32_t>(hash >> 32)) return false;
  const char* const text = texts_.data() + slot.place;
  Length length;
  std::memcpy(&length, text - sizeof length, sizeof length);
  return length == person.size() && std::memcmp(text, person.data(), length) == 0;
}

std::size_t PersonIndex::SlotOf(std::string_view person, std::size_t hash) const {
  const auto mask = slots_.size() - 1;
  auto slot = hash & mask;
  while (slots_[slot].place != 0 && !Holds(slots_[slot], person, hash)) slot = (slot + 1) & mask;
  return slot;
}

std::uint32_t PersonIndex::NumberOf(std::string_view person) {
  const auto hash = HashOf(person);
  auto& slot = slots_[SlotOf(person, hash)];
  if (slot.place != 0) return slot.number;
  const auto number = static_cast<std::uint32_t>(size_++);
  const auto length = static_cast<Length>(person.size());
  texts_.append(reinterpret_cast<const char*>(&length), sizeof length);
  slot = {texts_.size(), static_cast<std::uint32_t>(hash >> 32), number};
  texts_.append(person);
  if (3 * size_ > 2 * slots_.size()) Grow();
  return number;
}

std::optional<std::uint32_t> PersonIndex::Find(std::string_view person) const {
  const auto& slot = slots_[SlotOf(person, HashOf(person))];
  return slot.place == 0 ? std::nullopt : std::optional(slot.number);
}

void PersonIndex::Grow() {
  const auto old = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
  const auto mask = slots_.size() - 1;
  for (const auto& kept : old) {
    if (kept.place == 0) continue;
    Length length;
    std::memcpy(&length, texts_.data() + kept.place - sizeof length, sizeof length);
    auto slot = HashOf(std::string_view(texts_).substr(kept.place, length)) & mask;
    while (slots_[slot].place != 0) slot = (slot + 1) & mask;
    slots_[slot] = kept;
  }
}

}  // namespace volcanion::application
