#pragma once

#include "Domain/Violation.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// The way from the root of a document or a schema to a place in it, as a chain: a JSON Pointer is written only when
/// something is wrong there.
struct PathStep {
  const PathStep* parent;
  std::string_view name;  // of a member; null data for an element
  std::uint32_t index;    // of an element
  static PathStep Member(const PathStep* parent, std::string_view name) { return {parent, name, 0}; }
  static PathStep Element(const PathStep* parent, std::uint32_t index) { return {parent, {}, index}; }
};

/// The JSON Pointer of a path; null is the root. Longer than about a kilobyte, it ends at the last ancestor that fits,
/// so that a hostile document cannot make its violations much larger than itself. A NUL becomes U+FFFD, because no
/// store takes it in a text.
std::string PointerTo(const PathStep* path);

/// The text with U+FFFD for every NUL.
std::string WithoutNul(std::string_view text);

/// Collects violations in any order, so many of them and about 16 kB in all, and gives them in document order.
class ViolationLog {
 public:
  explicit ViolationLog(std::size_t capacity) : capacity_(capacity) {}

  bool full() const { return found_.size() >= capacity_ || bytes_ >= kMaxBytes; }
  bool empty() const { return found_.empty(); }

  /// `position` is that of the value, or of the object that lacks a member.
  void Add(std::uint32_t position, domain::Violation violation);

  /// The violation that was added first; only when there is one.
  const domain::Violation& first() const { return found_.front().violation; }

  /// Leaves the log empty.
  std::vector<domain::Violation> TakeInOrder();

 private:
  struct Found {
    std::uint32_t position;
    domain::Violation violation;
  };

  static constexpr std::size_t kMaxBytes = 16 * 1024;

  std::size_t capacity_;
  std::size_t bytes_ = 0;
  std::vector<Found> found_;
};

}  // namespace volcanion::infrastructure
