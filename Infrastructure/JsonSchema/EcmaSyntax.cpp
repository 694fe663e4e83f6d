#include "Infrastructure/JsonSchema/EcmaSyntax.h"

#include "Infrastructure/JsonSchema/Ascii.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

namespace volcanion::infrastructure {
namespace {

constexpr std::uint64_t kManyGroups = 1'000'000'000;  // more than a text can hold

bool IsNameStart(char c) { return IsLetter(c) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80; }

class Syntax {
 public:
  explicit Syntax(std::string_view text) : text_(text) {}

  bool Holds() {
    while (at_ < text_.size()) {
      if (!Term()) return false;
    }
    const auto is_group = [this](std::string_view name) { return names_.contains(name); };
    return open_.empty() && highest_reference_ <= groups_ &&
           std::all_of(named_references_.begin(), named_references_.end(), is_group);
  }

 private:
  /// What one character of a class stands for; nothing for a set such as \d.
  struct ClassAtom {
    std::optional<std::uint32_t> character;
  };

  bool Take(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  bool Term() {
    const char c = text_[at_];
    switch (c) {
      case '(':
        return Open();
      case ')':
        if (open_.empty()) return false;
        may_repeat_ = open_.back();
        open_.pop_back();
        ++at_;
        return true;
      case '|':
      case '^':
      case '$':
        may_repeat_ = false;
        ++at_;
        return true;
      case '*':
      case '+':
      case '?':
        ++at_;
        return Repeat();
      case '{':
        if (const std::optional<bool> counted = Count()) return *counted && Repeat();
        break;
      case '[':
        may_repeat_ = true;
        ++at_;
        return Class();
      case '\\':
        ++at_;
        if (Take("b") || Take("B")) {
          may_repeat_ = false;
          return true;
        }
        may_repeat_ = true;
        return Reference() || Escape().has_value();
      default:
        break;
    }
    may_repeat_ = true;
    ++at_;
    return true;
  }

  bool Open() {
    ++at_;
    bool may_repeat = true;
    if (Take("?")) {
      if (Take("<=") || Take("<!")) {
        may_repeat = false;
      } else if (Take("<")) {
        const std::optional<std::string_view> name = Name();
        if (!name || !names_.insert(*name).second) return false;
        ++groups_;
      } else if (!Take(":") && !Take("=") && !Take("!")) {
        return false;
      }
    } else {
      ++groups_;
    }
    open_.push_back(may_repeat);
    may_repeat_ = false;
    return true;
  }

  bool Repeat() {
    if (!may_repeat_) return false;
    Take("?");
    may_repeat_ = false;
    return true;
  }

  /// Takes {n}, {n,} or {n,m}, and tells whether it is in order; nothing where the brace stands for itself.
  std::optional<bool> Count() {
    const std::size_t close = text_.find_first_not_of("0123456789,", at_ + 1);
    if (close == std::string_view::npos || text_[close] != '}') return std::nullopt;
    const std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
    const std::size_t comma = std::min(inside.find(','), inside.size());
    if (comma == 0 || inside.find(',', comma + 1) != std::string_view::npos) return std::nullopt;
    at_ = close + 1;
    if (comma + 1 >= inside.size()) return true;
    return !IsGreater(inside.substr(0, comma), inside.substr(comma + 1));
  }

  static bool IsGreater(std::string_view a, std::string_view b) {
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    return a.size() != b.size() ? a.size() > b.size() : a > b;
  }

  std::optional<std::string_view> Name() {
    const std::size_t first = at_;
    if (at_ >= text_.size() || !IsNameStart(text_[at_])) return std::nullopt;
    while (at_ < text_.size() && (IsNameStart(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    const std::string_view name = text_.substr(first, at_ - first);
    return Take(">") ? std::optional(name) : std::nullopt;
  }

  /// Takes what refers to a group, behind its backslash.
  bool Reference() {
    if (at_ < text_.size() && text_[at_] >= '1' && text_[at_] <= '9') {
      std::uint64_t number = 0;
      for (; at_ < text_.size() && IsDigit(text_[at_]); ++at_) {
        number = std::min(kManyGroups, number * 10 + static_cast<std::uint64_t>(text_[at_] - '0'));
      }
      highest_reference_ = std::max(highest_reference_, number);
      return true;
    }
    const std::size_t start = at_;
    if (Take("k<")) {
      if (const std::optional<std::string_view> name = Name()) {
        named_references_.push_back(*name);
        return true;
      }
    }
    at_ = start;
    return false;
  }

  bool Class() {
    Take("^");
    while (at_ < text_.size()) {
      if (Take("]")) return true;
      const std::optional<ClassAtom> first = InClass();
      if (!first) return false;
      if (at_ + 1 >= text_.size() || text_[at_] != '-' || text_[at_ + 1] == ']') continue;
      ++at_;
      const std::optional<ClassAtom> last = InClass();
      if (!last) return false;
      if (first->character && last->character && *first->character > *last->character) return false;
    }
    return false;
  }

  std::optional<ClassAtom> InClass() {
    if (!Take("\\")) return ClassAtom{Character()};
    if (Take("b")) return ClassAtom{8};
    return Escape();
  }

  /// Takes the rest of an escape that means the same within a class and outside; nothing when it means nothing.
  std::optional<ClassAtom> Escape() {
    if (at_ >= text_.size()) return std::nullopt;
    const char c = text_[at_];
    static constexpr std::string_view kSets = "dDsSwW";
    static constexpr std::string_view kControls = "tnvfr";  // from U+0009 on
    if (kSets.find(c) != std::string_view::npos) {
      ++at_;
      return ClassAtom{};
    }
    if (const std::size_t control = kControls.find(c); control != std::string_view::npos) {
      ++at_;
      return ClassAtom{static_cast<std::uint32_t>(9 + control)};
    }
    if (Take("p{") || Take("P{")) {
      const std::size_t close = text_.find('}', at_);
      if (close == std::string_view::npos || close == at_) return std::nullopt;
      for (; at_ < close; ++at_) {
        if (!IsLetter(text_[at_]) && !IsDigit(text_[at_]) && text_[at_] != '_' && text_[at_] != '=')
          return std::nullopt;
      }
      ++at_;
      return ClassAtom{};
    }
    if (Take("c")) {
      if (at_ >= text_.size() || !IsLetter(text_[at_])) return std::nullopt;
      return ClassAtom{static_cast<std::uint32_t>(text_[at_++]) & 31U};
    }
    if (Take("0")) return at_ < text_.size() && IsDigit(text_[at_]) ? std::nullopt : std::optional(ClassAtom{0});
    if (Take("x")) return Hexadecimal(2);
    if (Take("u{")) {
      const std::size_t close = std::min(text_.find('}', at_), text_.size());
      const std::string_view digits = text_.substr(at_, close - at_);
      const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
      if (digits.empty() || digits.size() - zeros > 6) return std::nullopt;
      at_ += zeros;
      const std::optional<ClassAtom> atom = Hexadecimal(digits.size() - zeros);
      return atom && *atom->character <= 0x10FFFF && Take("}") ? atom : std::nullopt;
    }
    if (Take("u")) return Hexadecimal(4);
    if (IsLetter(c) || IsDigit(c) || c == '_') return std::nullopt;
    return ClassAtom{Character()};
  }

  std::optional<ClassAtom> Hexadecimal(std::size_t digits) {
    std::uint32_t value = 0;
    for (const std::size_t end = at_ + digits; at_ < end; ++at_) {
      if (at_ >= text_.size() || !IsHex(text_[at_])) return std::nullopt;
      const char c = text_[at_];
      value = value * 16 + static_cast<std::uint32_t>(IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return ClassAtom{value};
  }

  /// The character at this place of a text that is valid UTF-8.
  std::uint32_t Character() {
    const auto lead = static_cast<unsigned char>(text_[at_++]);
    const int more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    std::uint32_t character = more == 0 ? lead : lead & (0x3FU >> more);
    for (int i = 0; i < more && at_ < text_.size(); ++i) {
      character = character << 6 | (static_cast<unsigned char>(text_[at_++]) & 0x3FU);
    }
    return character;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool may_repeat_ = false;  // what was taken last
  std::vector<bool> open_;   // for each open group: whether it may be repeated as a whole
  std::uint64_t groups_ = 0;
  std::uint64_t highest_reference_ = 0;
  std::unordered_set<std::string_view> names_;
  std::vector<std::string_view> named_references_;
};

}  // namespace

bool IsEcmaPattern(std::string_view text) { return Syntax(text).Holds(); }

}  // namespace volcanion::infrastructure
