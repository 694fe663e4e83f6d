#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// What a user adds to a sketch: the register (twelve bits of the id's SHA-256) and what it holds at least (the place
/// of the first one among the 52 bits that follow), as `register * 64 + place`.
std::uint32_t UserEntry(std::string_view user_id);

/// About how many different users there were: a HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007) of 4,096
/// registers. Sketches of parts are merged into that of the whole: a user in two of them counts once.
///
/// Stored as its entries, three bytes each and one for each register in use, while those are shorter than all
/// registers, a byte each: 4,096 bytes are registers, everything else is entries.
class UserSketch {
 public:
  static constexpr std::size_t kRegisters = 4096;
  static constexpr std::size_t kEntryBytes = 3;
  /// The standard error of Estimate(), relative to the number: 1.04 / sqrt(kRegisters).
  static constexpr double kRelativeError = 0.01625;

  void Add(std::uint32_t entry);
  /// One or several sketches behind each other, all of them entries.
  void MergeEntries(std::string_view entries);
  /// Likewise, all of them registers.
  void MergeRegisters(std::string_view registers);
  /// One sketch as it is stored.
  void Merge(std::string_view stored) { stored.size() == kRegisters ? MergeRegisters(stored) : MergeEntries(stored); }
  std::string ToBytes() const;
  /// By the estimator of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6),
  /// which needs no correction for small or large numbers.
  std::int64_t Estimate() const;

  /// An entry as it is stored.
  static void AppendEntry(std::uint32_t entry, std::string& bytes);

 private:
  std::array<std::uint8_t, kRegisters> registers_{};
};

}  // namespace volcanion::infrastructure
