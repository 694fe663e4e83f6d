#include "Application/Queries/AnswerCache.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace volcanion::application {
namespace {

constexpr std::size_t kMaxStamps = 10'000;

std::string DayOf(const std::optional<domain::Timestamp>& time) {
  return time ? std::to_string(std::chrono::floor<std::chrono::days>(*time).time_since_epoch().count()) : "-";
}

std::string NameOf(const AnswerScope& scope) {
  // The end is exclusive: at midnight, its day is not in the scope.
  auto last = scope.to;
  if (last) *last -= std::chrono::microseconds(1);
  return scope.partner.ToString() + " " + DayOf(scope.from) + " " + DayOf(last);
}

}  // namespace

AnswerCache::AnswerCache(Cache& cache, ReadChanges& changes, const DirectoryCache& directory, Metrics& metrics,
                         Settings settings)
    : cache_(cache), changes_(changes), directory_(directory), metrics_(metrics), settings_(settings) {}

domain::Result<AnswerCache::Place> AnswerCache::PlaceOf(const AnswerScope& scope, std::string_view question,
                                                        const Demand& demand) {
  // Both before the answer is made: what changes meanwhile makes an entry that is not found, never one that is wrong.
  const auto revision = directory_.Current()->revision();
  const auto known = CurrentStamp(scope, demand);
  if (!known) return known.error();
  const auto& stamp = known->stamp;
  Place place{NameOf(scope), stamp.as_of, known->read_at, revision};
  place.key.append(" ").append(stamp.store).append(" ").append(std::to_string(stamp.changes));
  place.key.append(" ").append(std::to_string(revision)).append(" ").append(question);
  return place;
}

domain::Result<std::optional<AnswerCache::Answer>> AnswerCache::FindKept(const AnswerScope& scope,
                                                                         std::string_view question,
                                                                         const Demand& demand) {
  if (demand.past_cache) return std::optional<Answer>();
  const auto place = PlaceOf(scope, question, demand);
  if (!place) return place.error();
  auto kept = cache_.Get(place->key);
  if (!kept) return std::optional<Answer>();
  if (!demand.is_renewal) metrics_.AnswerLookedUp("hit");
  return std::optional(place->With(std::make_shared<const std::string>(*std::move(kept))));
}

domain::Result<AnswerCache::Answer> AnswerCache::Find(const AnswerScope& scope, std::string_view question,
                                                      const Demand& demand,
                                                      const std::function<domain::Result<std::string>()>& make) {
  const auto place = PlaceOf(scope, question, demand);
  if (!place) return place.error();
  if (!demand.past_cache && !demand.is_not_kept) {
    if (auto kept = cache_.Get(place->key)) {
      if (!demand.is_renewal) metrics_.AnswerLookedUp("hit");
      return place->With(std::make_shared<const std::string>(*std::move(kept)));
    }
  }
  if (!demand.is_renewal) metrics_.AnswerLookedUp(demand.past_cache ? "bypass" : "miss");
  auto text = demand.past_cache ? MakeAndKeep(place->key, make) : MakeOnce(place->key, demand.hung_up, make);
  if (!text) return std::move(text).error();
  return place->With(*std::move(text));
}

domain::Result<AnswerCache::KnownStamp> AnswerCache::CurrentStamp(const AnswerScope& scope, const Demand& demand) {
  const auto name = NameOf(scope);
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto found = stamps_.find(name);
    if (!demand.past_cache && found != stamps_.end() && now - found->second.read_at < settings_.staleness / 2 &&
        found->second.stamp.as_of.position >= demand.min_position) {
      return found->second;
    }
  }
  auto stamp = changes_.StampOf(scope);
  if (!stamp) return std::move(stamp).error();
  const KnownStamp fresh{*std::move(stamp), now};
  const std::lock_guard lock(mutex_);
  if (stamps_.size() >= kMaxStamps) stamps_.clear();
  auto& known = stamps_[name];
  if (known.read_at <= now) known = fresh;
  return fresh;
}

AnswerCache::Text AnswerCache::MakeAndKeep(const std::string& key,
                                           const std::function<domain::Result<std::string>()>& make) {
  auto made = make();
  if (!made) return std::move(made).error();
  if (made->size() <= settings_.max_answer_bytes) cache_.Put(key, *made, settings_.time_to_live);
  return std::make_shared<const std::string>(*std::move(made));
}

AnswerCache::Text AnswerCache::MakeOnce(const std::string& key, const std::stop_token& hung_up,
                                        const std::function<domain::Result<std::string>()>& make) {
  while (true) {
    if (auto text = Fly(key, hung_up, make)) return *std::move(text);
  }
}

std::optional<AnswerCache::Text> AnswerCache::Fly(const std::string& key, const std::stop_token& hung_up,
                                                  const std::function<domain::Result<std::string>()>& make) {
  std::shared_ptr<Flight> flight;
  bool is_mine = false;
  {
    const std::lock_guard lock(mutex_);
    auto& known = flights_[key];
    is_mine = known == nullptr;
    if (is_mine) known = std::make_shared<Flight>();
    flight = known;
  }
  if (!is_mine) {
    std::unique_lock lock(flight->mutex);
    flight->landed.wait(lock, [&] { return flight->text.has_value(); });
    if (flight->given_up) return std::nullopt;
    return *flight->text;
  }
  Text text = domain::Error{domain::ErrorKind::kInternal, "the answer was not made"};
  try {
    // Who was about to wait when another one's answer came finds it now.
    auto kept = cache_.Get(key);
    text = kept ? Text(std::make_shared<const std::string>(*std::move(kept))) : MakeAndKeep(key, make);
  } catch (const std::exception& error) {
    text = domain::Error{domain::ErrorKind::kInternal, error.what()};
  }
  {
    const std::lock_guard lock(mutex_);
    flights_.erase(key);
  }
  const std::lock_guard lock(flight->mutex);
  flight->text = text;
  flight->given_up = !text && hung_up.stop_requested();
  flight->landed.notify_all();
  return text;
}

}  // namespace volcanion::application
