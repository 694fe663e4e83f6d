#include "Infrastructure/JsonSchema/EcmaPattern.h"

#include <re2/re2.h>

#include <chrono>
#include <cstdio>
#include <optional>

namespace volcanion::infrastructure {
namespace {

constexpr std::int64_t kMaxProgramBytes = std::int64_t{1} << 20;

// ECMA 262 counts these as white space, RE2 only the ASCII ones.
constexpr std::string_view kSpaces =
    "\\t\\n\\v\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";

// All other characters: a class cannot hold a negated one.
constexpr std::string_view kNoSpaces =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}";

/// Rewrites what ECMA 262 writes otherwise than RE2; the rest passes as it is.
class Translation {
 public:
  explicit Translation(std::string_view source) : source_(source) {}

  std::string Run() {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == '\\' && at_ + 1 < source_.size()) {
        Escape();
      } else if (in_class_) {
        if (c == ']') in_class_ = false;
        // A bracket means nothing within a class there; RE2 would look for [:name:].
        if (c == '[') out_ += '\\';
        Copy();
      } else if (c == '[') {
        OpenClass();
      } else if (c == '.') {
        out_ += "[^\\n\\r\\x{2028}\\x{2029}]";
        ++at_;
      } else if (source_.substr(at_, 3) == "(?<" && source_.substr(at_ + 3, 1) != "=" &&
                 source_.substr(at_ + 3, 1) != "!") {
        out_ += "(?P<";
        at_ += 3;
      } else {
        Copy();
      }
    }
    return std::move(out_);
  }

 private:
  void Copy() { out_ += source_[at_++]; }

  void OpenClass() {
    if (source_.substr(at_, 3) == "[^]") {
      out_ += "[\\x{0}-\\x{10ffff}]";
      at_ += 3;
    } else if (source_.substr(at_, 2) == "[]") {
      out_ += "[^\\x{0}-\\x{10ffff}]";
      at_ += 2;
    } else {
      in_class_ = true;
      Copy();
      if (at_ < source_.size() && source_[at_] == '^') Copy();
    }
  }

  void Escape() {
    const char kind = source_[at_ + 1];
    if (kind == 'u') {
      if (const std::optional<unsigned> character = UnicodeEscape()) return Character(*character);
    } else if (kind == 'c' && at_ + 2 < source_.size() && (source_[at_ + 2] | 0x20) >= 'a' &&
               (source_[at_ + 2] | 0x20) <= 'z') {
      const unsigned control = static_cast<unsigned>(source_[at_ + 2]) & 31U;
      at_ += 3;
      return Character(control);
    } else if (kind == '0') {
      at_ += 2;
      return Character(0);
    } else if (kind == 's' || kind == 'S') {
      at_ += 2;
      const std::string set(kind == 's' ? kSpaces : kNoSpaces);
      out_ += in_class_ ? set : "[" + set + "]";
      return;
    } else if (kind == 'b' && in_class_) {
      at_ += 2;
      return Character(8);
    } else if (kind == '-') {
      at_ += 2;
      out_ += in_class_ ? "\\-" : "-";
      return;
    }
    Copy();
    Copy();
  }

  void Character(unsigned character) {
    char text[16];
    std::snprintf(text, sizeof text, "\\x{%x}", character);
    out_ += text;
  }

  /// Takes \uXXXX, a pair of surrogates written so, or \u{X}; stays where it is when it is none of them.
  std::optional<unsigned> UnicodeEscape() {
    if (source_.substr(at_ + 2, 1) == "{") {
      const std::size_t close = source_.find('}', at_);
      if (close == std::string_view::npos || close - at_ > 9) return std::nullopt;
      const std::optional<unsigned> character = Hexadecimal(source_.substr(at_ + 3, close - at_ - 3));
      if (character) at_ = close + 1;
      return character;
    }
    const std::optional<unsigned> unit = Hexadecimal(source_.substr(at_ + 2, 4), 4);
    if (!unit) return std::nullopt;
    at_ += 6;
    if (*unit < 0xD800 || *unit > 0xDBFF || source_.substr(at_, 2) != "\\u") return unit;
    const std::optional<unsigned> low = Hexadecimal(source_.substr(at_ + 2, 4), 4);
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return unit;
    at_ += 6;
    return 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
  }

  static std::optional<unsigned> Hexadecimal(std::string_view digits, std::size_t length = 0) {
    if (digits.empty() || (length != 0 && digits.size() != length)) return std::nullopt;
    unsigned value = 0;
    for (const char c : digits) {
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<unsigned>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + static_cast<unsigned>(lower - 'a' + 10);
      } else {
        return std::nullopt;
      }
    }
    return value;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  std::string out_;
};

re2::RE2::Options QuietOptions() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxProgramBytes);
  return options;
}

}  // namespace

EcmaPattern::EcmaPattern(std::string_view source)
    : source_(source),
      compiled_(std::make_unique<re2::RE2>(Translation(source).Run(), QuietOptions())),
      size_(compiled_->ok() ? static_cast<std::size_t>(compiled_->ProgramSize()) : 0) {}

EcmaPattern::~EcmaPattern() = default;

bool EcmaPattern::ok() const { return compiled_->ok(); }

std::string EcmaPattern::error() const { return compiled_->error(); }

bool EcmaPattern::Matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace volcanion::infrastructure
