#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace volcanion::infrastructure {

/// A regular expression of a schema (ECMA 262), matched by RE2 in time linear in the text. Safe to use from any number
/// of threads at once.
class EcmaPattern {
 public:
  /// What RE2 cannot match (look-around, back-references, nonsense) makes a pattern that is not ok().
  explicit EcmaPattern(std::string_view source);
  ~EcmaPattern();

  EcmaPattern(const EcmaPattern&) = delete;
  EcmaPattern& operator=(const EcmaPattern&) = delete;

  bool ok() const;
  std::string error() const;

  /// Instructions of the compiled program: what it costs to make and to keep.
  std::size_t size() const { return size_; }

  /// As written in the schema.
  const std::string& source() const { return source_; }

  /// How much work Matches() is, in the steps of Effort, for a text of so many bytes. RE2 looks at each byte once, but
  /// when a text leads its automaton through too many states it tries every instruction at every byte instead, and
  /// nobody can tell before. So a long text against a large pattern costs a share of that, whether it happens or not:
  /// the same text costs the same each time.
  std::uint64_t Cost(std::size_t bytes) const {
    std::uint64_t cost = 1 + bytes / 16;
    if (bytes * size_ > kHarmless) cost += bytes * size_ / 16;
    return cost;
  }

  /// How much more it may be when RE2 has to try every instruction at every byte, in the same steps.
  std::uint64_t Risk(std::size_t bytes) const { return bytes * size_ / 2; }

  /// Whether it matches anywhere in the text.
  bool Matches(std::string_view text) const;

 private:
  // Bytes times instructions: up to so many, the worst is a millisecond or two.
  static constexpr std::size_t kHarmless = 200'000;

  std::string source_;
  std::unique_ptr<re2::RE2> compiled_;
  std::size_t size_;
};

}  // namespace volcanion::infrastructure
