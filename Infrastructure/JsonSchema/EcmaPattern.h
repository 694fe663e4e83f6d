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

/// A regular expression of a schema (ECMA 262), matched by RE2 in time linear in the text. Immutable; safe to use from
/// any number of threads at once.
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
  std::size_t size() const;

  /// As written in the schema.
  const std::string& source() const { return source_; }

  /// How much work Matches() is at worst, in visits of one constraint, for a text of so many bytes: a large program may
  /// be too large for RE2's automaton, and then every instruction is tried at every character.
  std::uint64_t Cost(std::size_t bytes) const { return (1 + bytes / 16) * (1 + size() / 64); }

  /// Whether it matches anywhere in the text.
  bool Matches(std::string_view text) const;

 private:
  std::string source_;
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace volcanion::infrastructure
