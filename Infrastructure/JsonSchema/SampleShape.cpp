#include "Infrastructure/JsonSchema/SampleShape.h"

#include <algorithm>
#include <utility>

namespace volcanion::infrastructure {
namespace {

/// Stricter than the format where it takes what seldom means it, such as "size:large" for a URI.
bool Suggests(std::string_view format, std::string_view text) {
  if (format == "uri" && text.find("://") == std::string_view::npos) return false;
  return HasFormat(*FormatNamed(format), text);
}

std::unique_ptr<SampleShape> NewShape(std::size_t& shapes_left) {
  if (shapes_left == 0) return nullptr;
  --shapes_left;
  return std::make_unique<SampleShape>();
}

}  // namespace

void SampleShape::Add(const JsonValue& value, std::size_t& shapes_left, std::size_t depth) {
  switch (value.type()) {
    case JsonType::kNull:
      ++nulls_;
      break;
    case JsonType::kBoolean:
      ++booleans_;
      break;
    case JsonType::kNumber:
      // Who writes 12.0 may write 12.5 the next time.
      ++(value.text().find_first_of(".eE") == std::string_view::npos ? integers_ : fractions_);
      break;
    case JsonType::kString:
      AddString(value.text());
      break;
    case JsonType::kArray:
      ++arrays_;
      if (depth >= kMaxDepth || value.size() == 0 || items_unknown_) break;
      if (items_ == nullptr) items_ = NewShape(shapes_left);
      items_unknown_ = items_ == nullptr;
      if (items_unknown_) break;
      for (const JsonValue& element : value.elements()) items_->Add(element, shapes_left, depth + 1);
      break;
    case JsonType::kObject:
      ++objects_;
      if (depth < kMaxDepth) AddObject(value, shapes_left, depth);
      break;
  }
}

void SampleShape::AddString(std::string_view text) {
  ++strings_;
  KeepDistinct(text, 1);
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if ((formats_ >> i & 1U) != 0 && !Suggests(kFormats[i], text)) formats_ &= ~(1U << i);
  }
}

void SampleShape::AddObject(const JsonValue& object, std::size_t& shapes_left, std::size_t depth) {
  for (const JsonMember& member : object.members()) {
    const std::string_view name = member.name.text();
    if (members_unknown_) return;
    if (entries_ != nullptr) {
      entries_->Add(member.value, shapes_left, depth + 1);
      continue;
    }
    auto known = member_indexes_.find(name);
    if (known == member_indexes_.end()) {
      std::unique_ptr<SampleShape> shape = name.size() > kMaxNameBytes ? nullptr : NewShape(shapes_left);
      if (shape == nullptr) {
        names_left_out_ = true;
        continue;
      }
      known = member_indexes_.emplace(std::string(name), members_.size()).first;
      members_.push_back({std::string(name), std::move(shape)});
    }
    members_[known->second].shape->Add(member.value, shapes_left, depth + 1);
    if (members_.size() > kMaxNames) BecomeMap();
  }
}

void SampleShape::KeepDistinct(std::string_view text, std::uint64_t times) {
  if (many_distinct_) return;
  const auto known = distinct_.find(text);
  if (known != distinct_.end()) {
    known->second += times;
  } else if (distinct_.size() >= kMaxDistinct || text.size() > kMaxStringBytes) {
    many_distinct_ = true;
    distinct_.clear();
  } else {
    distinct_.emplace(text, times);
  }
}

std::string_view SampleShape::format() const {
  if (strings_ == 0) return "";
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if ((formats_ >> i & 1U) != 0) return kFormats[i];
  }
  return "";
}

void SampleShape::BecomeMap() {
  if (names_left_out_) return ForgetMembers();
  if (entries_ == nullptr) entries_ = std::make_unique<SampleShape>();
  for (Member& member : members_) entries_->Merge(std::move(*member.shape));
  members_.clear();
  member_indexes_.clear();
}

void SampleShape::ForgetMembers() {
  members_unknown_ = true;
  entries_.reset();
  members_.clear();
  member_indexes_.clear();
}

void SampleShape::Merge(SampleShape other) {
  nulls_ += other.nulls_;
  booleans_ += other.booleans_;
  integers_ += other.integers_;
  fractions_ += other.fractions_;
  strings_ += other.strings_;
  arrays_ += other.arrays_;
  objects_ += other.objects_;

  for (const auto& [text, times] : other.distinct_) KeepDistinct(text, times);
  if (other.many_distinct_) {
    many_distinct_ = true;
    distinct_.clear();
  }
  formats_ &= other.formats_;

  const auto take = [](std::unique_ptr<SampleShape>& mine, std::unique_ptr<SampleShape>& theirs) {
    if (mine == nullptr) {
      mine = std::move(theirs);
    } else if (theirs != nullptr) {
      mine->Merge(std::move(*theirs));
    }
  };
  items_unknown_ = items_unknown_ || other.items_unknown_;
  take(items_, other.items_);
  if (items_unknown_) items_.reset();
  if (names_left_out_ || members_unknown_ || other.names_left_out_ || other.members_unknown_) return ForgetMembers();
  for (Member& member : other.members_) {
    const auto [known, added] = member_indexes_.emplace(member.name, members_.size());
    if (added) {
      members_.push_back(std::move(member));
    } else {
      take(members_[known->second].shape, member.shape);
    }
  }
  take(entries_, other.entries_);
  if (entries_ != nullptr || members_.size() > kMaxNames) BecomeMap();
}

}  // namespace volcanion::infrastructure
