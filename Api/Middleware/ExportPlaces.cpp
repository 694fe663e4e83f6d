#include "Api/Middleware/ExportPlaces.h"

#include <map>
#include <mutex>

namespace volcanion::api {

struct ExportPlaces::Place::State {
  std::mutex mutex;  // guards those below
  std::size_t all = 0;
  std::map<domain::PartnerId, std::size_t> of_partner;
};

ExportPlaces::Place::~Place() {
  if (!state_) return;
  const std::lock_guard lock(state_->mutex);
  --state_->all;
  const auto found = state_->of_partner.find(partner_);
  if (--found->second == 0) state_->of_partner.erase(found);
}

ExportPlaces::ExportPlaces(Limits limits) : limits_(limits), state_(std::make_shared<Place::State>()) {}

domain::Result<ExportPlaces::Place> ExportPlaces::Take(domain::PartnerId partner) {
  using domain::ErrorKind;
  const std::lock_guard lock(state_->mutex);
  if (state_->all >= limits_.of_all) {
    return domain::Error{ErrorKind::kUnavailable, "There are as many exports as the server makes. Try again later."};
  }
  auto& of_partner = state_->of_partner[partner];
  if (of_partner >= limits_.of_partner) {
    return domain::Error{ErrorKind::kTooManyAttempts,
                         "The partner has as many exports as it may have. Try again when one has ended."};
  }
  ++of_partner;
  ++state_->all;
  return Place(state_, partner);
}

}  // namespace volcanion::api
