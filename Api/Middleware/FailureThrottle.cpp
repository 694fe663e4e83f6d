#include "Api/Middleware/FailureThrottle.h"

#include "Application/IpNetwork.h"

#include <algorithm>
#include <random>

namespace volcanion::api {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kNetworkBytes = 8;  // of an IPv6 address

std::uint64_t RandomSeed() {
  std::random_device random;
  return static_cast<std::uint64_t>(random()) << 32 | random();
}

}  // namespace

FailureThrottle::FailureThrottle(int max_failures, std::chrono::seconds window)
    : max_failures_(max_failures), window_(window), seed_(RandomSeed()), sets_(kSets) {}

std::uint64_t FailureThrottle::HashOf(std::string_view address) const {
  std::uint64_t hash = seed_;
  const auto add = [&hash](std::uint8_t byte) {  // with the finalizer of SplitMix64
    hash = (hash ^ byte) * 0xBF58476D1CE4E5B9u;
    hash ^= hash >> 29;
  };
  if (const auto bytes = application::ParseIpAddress(address)) {
    // IPv4 is mapped to ::ffff:0:0/96, whose first ten bytes are zeros: the whole of it counts.
    const bool is_v4 = std::all_of(bytes->begin(), bytes->begin() + 10, [](auto byte) { return byte == 0; });
    for (std::size_t i = 0; i < (is_v4 ? bytes->size() : kNetworkBytes); ++i) add((*bytes)[i]);
  } else {
    for (const char c : address) add(static_cast<std::uint8_t>(c));
  }
  return std::max<std::uint64_t>(hash, 1);
}

bool FailureThrottle::IsOver(const Slot& slot, steady_clock::time_point now) const {
  return now - slot.begun >= window_;
}

std::optional<std::chrono::seconds> FailureThrottle::WaitFor(std::string_view address, steady_clock::time_point now) {
  const auto hash = HashOf(address);
  const std::lock_guard lock(mutex_);
  for (const auto& slot : sets_[hash % kSets]) {
    if (slot.address != hash || slot.failures < max_failures_ || IsOver(slot, now)) continue;
    return std::chrono::ceil<std::chrono::seconds>(slot.begun + window_ - now);
  }
  return std::nullopt;
}

void FailureThrottle::NoteFailure(std::string_view address, steady_clock::time_point now) {
  const auto hash = HashOf(address);
  const std::lock_guard lock(mutex_);
  auto& set = sets_[hash % kSets];
  auto slot = std::find_if(set.begin(), set.end(), [&](const Slot& known) { return known.address == hash; });
  if (slot == set.end()) {
    slot = std::min_element(set.begin(), set.end(), [](const Slot& a, const Slot& b) { return a.last < b.last; });
    *slot = {hash, 0, now, now};
  }
  if (IsOver(*slot, now)) *slot = {hash, 0, now, now};
  ++slot->failures;
  slot->last = now;
}

}  // namespace volcanion::api
