#pragma once

#include "Infrastructure/JsonSchema/Format.h"
#include "Infrastructure/JsonSchema/JsonValue.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// What was seen at one place of some documents: how many values of each type, which strings, which members, which
/// elements. Keeps no more than its limits allow; what is beyond them is not looked at, and nothing is said about it.
class SampleShape {
 public:
  static constexpr std::size_t kMaxDistinct = 10;      ///< different strings that are kept
  static constexpr std::size_t kMaxStringBytes = 100;  ///< of a string that is kept
  static constexpr std::size_t kMaxNames = 100;        ///< members of one object; with more it is a map
  static constexpr std::size_t kMaxNameBytes = 100;    ///< a longer name is left out
  static constexpr std::size_t kMaxDepth = 16;         ///< deeper values are not looked into
  static constexpr std::size_t kMaxShapes = 5000;      ///< all places of a sample together

  struct Member {
    std::string name;
    std::unique_ptr<SampleShape> shape;
  };

  /// The formats that are recognized.
  static constexpr std::array<std::string_view, 7> kFormats = {"date-time", "date", "email", "uri",
                                                               "uuid",      "ipv4", "ipv6"};

  /// Takes a value in. `shapes_left` is how many places may still be added.
  void Add(const JsonValue& value, std::size_t& shapes_left, std::size_t depth = 0);

  std::uint64_t count() const { return nulls_ + booleans_ + integers_ + fractions_ + strings_ + arrays_ + objects_; }
  std::uint64_t nulls() const { return nulls_; }
  std::uint64_t booleans() const { return booleans_; }
  std::uint64_t integers() const { return integers_; }    ///< written without a fraction or an exponent
  std::uint64_t fractions() const { return fractions_; }  ///< the other numbers
  std::uint64_t strings() const { return strings_; }
  std::uint64_t arrays() const { return arrays_; }
  std::uint64_t objects() const { return objects_; }

  /// The different strings and how often each was seen; empty when there were more than are kept.
  const std::map<std::string, std::uint64_t, std::less<>>& distinct() const { return distinct_; }

  /// The format that all strings have; empty when there is none.
  std::string_view format() const;

  /// In the order in which they were seen first; empty for a map.
  const std::vector<Member>& members() const { return members_; }

  /// What all elements, and all members of a map, have in common; null when nothing was seen.
  const SampleShape* items() const { return items_.get(); }
  const SampleShape* entries() const { return entries_.get(); }

 private:
  void AddString(std::string_view text);
  void AddObject(const JsonValue& object, std::size_t& shapes_left, std::size_t depth);
  void KeepDistinct(std::string_view text, std::uint64_t times);
  void BecomeMap();
  void ForgetMembers();
  void Merge(SampleShape other);

  std::uint64_t nulls_ = 0;
  std::uint64_t booleans_ = 0;
  std::uint64_t integers_ = 0;
  std::uint64_t fractions_ = 0;
  std::uint64_t strings_ = 0;
  std::uint64_t arrays_ = 0;
  std::uint64_t objects_ = 0;

  std::map<std::string, std::uint64_t, std::less<>> distinct_;
  bool many_distinct_ = false;
  unsigned formats_ = (1U << kFormats.size()) - 1;  // those that no string has contradicted

  std::vector<Member> members_;
  std::map<std::string, std::size_t, std::less<>> member_indexes_;
  std::unique_ptr<SampleShape> items_;
  std::unique_ptr<SampleShape> entries_;

  // What was left out for a limit. It would be wrong to say about all what is true of the rest.
  bool names_left_out_ = false;
  bool members_unknown_ = false;  // nothing is kept about members any more
  bool items_unknown_ = false;    // nor about elements
};

}  // namespace volcanion::infrastructure
