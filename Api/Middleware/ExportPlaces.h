#pragma once

#include "Domain/Result.h"
#include "Domain/Uuid.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace volcanion::api {

/// How many exports there may be at the same time. A place is taken for as long as there is more to be made of one,
/// however slowly its client reads. Thread-safe.
class ExportPlaces {
 public:
  struct Limits {
    std::size_t of_all = 64;
    std::size_t of_partner = 4;
  };

  explicit ExportPlaces(Limits limits);

  /// Given back when it is destroyed, on whatever thread, also when the places have gone.
  class Place {
   public:
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class ExportPlaces;
    struct State;
    Place(std::shared_ptr<State> state, domain::PartnerId partner) : state_(std::move(state)), partner_(partner) {}

    std::shared_ptr<State> state_;
    domain::PartnerId partner_;
  };

  /// kTooManyAttempts when the partner has as many as it may have, kUnavailable when all together have.
  domain::Result<Place> Take(domain::PartnerId partner);

 private:
  const Limits limits_;
  const std::shared_ptr<Place::State> state_;
};

}  // namespace volcanion::api
