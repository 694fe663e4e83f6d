#pragma once

#include "Domain/TrackingEvent.h"

#include <array>
#include <string_view>

namespace volcanion::infrastructure {

/// BLAKE2b of 128 bits over everything that EventReport calls its content. Enough: a partner that finds a collision
/// deceives nobody but itself.
class ContentHash {
 public:
  explicit ContentHash(const domain::EventReport& report);

  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  std::array<unsigned char, 16> bytes_{};
};

}  // namespace volcanion::infrastructure
