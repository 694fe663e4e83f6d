#include "Infrastructure/JsonSchema/Comparison/SchemaInclusion.h"
#include "Infrastructure/JsonSchema/Format.h"
#include "Infrastructure/JsonSchema/Wording.h"

#include <algorithm>
#include <unordered_map>

/// What SchemaInclusion asks about types, values, numbers, texts and sizes.
namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kNamedValues = 10;
constexpr std::size_t kMaxLimitBytes = 60;

std::string Listed(const std::vector<const JsonValue*>& values) {
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), kNamedValues); ++i) {
    text += (i == 0 ? "" : ", ") + Quote(*values[i]);
  }
  if (values.size() > kNamedValues) text += " and " + std::to_string(values.size() - kNamedValues) + " more";
  return text;
}

}  // namespace

bool SchemaInclusion::TypeHolds(const Facts& facts, const SchemaPlace& asking, TypeSet allowed) {
  if ((facts.types & ~allowed) == 0) return true;
  if (IsQuiet()) return false;
  const std::string taken = InWords(facts.types);
  const std::string asked = InWords(allowed);
  if (taken == asked) {
    const std::string verb = IsBackward() ? " no longer includes 1.0" : " includes 1.0 now";
    return Report(asking, {IsBackward() ? "type_narrowed" : "type_widened",
                           asked + verb + ", which is no integer to draft 4 and one to later drafts"});
  }
  // Where some type is left it is narrower or wider, and not another one.
  const bool other = (facts.types & allowed) == 0;
  const std::string code = other ? "type_changed" : IsBackward() ? "type_narrowed" : "type_widened";
  return Report(
      asking, {code, "type changed from " + (IsBackward() ? taken : asked) + " to " + (IsBackward() ? asked : taken)});
}

bool SchemaInclusion::ValuesHold(const Facts& facts, const SchemaPlace& asking, std::string_view keyword,
                                 std::span<const JsonValue> allowed) {
  if (!facts.values) {
    if (IsQuiet()) return false;
    std::vector<const JsonValue*> values;
    for (const JsonValue& value : allowed) values.push_back(&value);
    return Report(asking, Words(keyword, std::nullopt, "(" + Listed(values) + ")"));
  }
  std::unordered_multimap<std::size_t, const JsonValue*> by_hash;
  for (const JsonValue& value : allowed) {
    if (!work_.Spend(Weight(value))) return false;
    by_hash.emplace(Hash(value), &value);
  }
  std::vector<const JsonValue*> missing;
  for (const JsonValue* value : *facts.values) {
    if (!work_.Spend(Weight(*value))) return false;
    const auto [first, last] = by_hash.equal_range(Hash(*value));
    const bool found =
        std::any_of(first, last, [&](const auto& entry) { return work_.Spend(1) && Equal(*entry.second, *value); });
    if (!found) missing.push_back(value);
  }
  if (missing.empty()) return true;
  if (IsQuiet()) return false;
  return Report(asking,
                {IsBackward() ? "value_removed" : "value_added",
                 std::string(keyword) + (IsBackward() ? " no longer allows " : " now allows ") + Listed(missing)});
}

bool SchemaInclusion::LimitHolds(const Facts& facts, const SchemaPlace& asking, std::string_view keyword,
                                 const JsonValue& limit) {
  if (!limit.IsNumber() || (facts.types & kNumberTypes) == 0) return true;
  const bool lower = keyword.ends_with("inimum");
  const JsonValue* flag = asking.Find(lower ? "exclusiveMinimum" : "exclusiveMaximum");
  const bool exclusive = keyword.starts_with("exclusive") || (flag != nullptr && flag->IsTrue());
  const std::optional<Facts::Limit>& known = lower ? facts.minimum : facts.maximum;
  const Decimal asked(limit.text());
  if (known) {
    if (lower ? known->value > asked : known->value < asked) return true;
    if (known->value == asked && (!exclusive || known->exclusive)) return true;
  }
  if (IsQuiet()) return false;
  const std::string name = lower ? "minimum" : "maximum";
  const std::string asked_text = Cut(limit.text(), kMaxLimitBytes);
  if (known && known->value == asked) {
    return Report(asking, {name + (IsBackward() ? "_made_exclusive" : "_made_inclusive"),
                           name + " " + asked_text + (IsBackward() ? " is exclusive now" : " is no longer exclusive")});
  }
  const auto text_of = [](std::string_view text, bool open) {
    return Cut(text, kMaxLimitBytes) + (open ? " (exclusive)" : "");
  };
  std::optional<std::string> taken;
  if (known) taken = text_of(known->text, known->exclusive);
  return Report(asking, Words(name, taken, text_of(limit.text(), exclusive), lower ? Trend::kUp : Trend::kDown));
}

bool SchemaInclusion::MultipleHolds(const Facts& facts, const SchemaPlace& asking, const JsonValue& divisor) {
  if ((facts.types & kNumberTypes) == 0) return true;
  const Decimal asked(divisor.text());
  const bool integers = (facts.types & kFractions) == 0;
  if (integers && Decimal("1").IsMultipleOf(asked)) return true;
  if (std::any_of(facts.divisors.begin(), facts.divisors.end(), [&](const JsonValue* known) {
        return work_.Spend(1) && Decimal(known->text()).IsMultipleOf(asked);
      })) {
    return true;
  }
  if (IsQuiet()) return false;
  std::optional<std::string> taken;
  if (!facts.divisors.empty()) taken = Cut(facts.divisors.front()->text(), kMaxLimitBytes);
  return Report(asking, Words("multipleOf", taken, Cut(divisor.text(), kMaxLimitBytes)));
}

bool SchemaInclusion::CountHolds(const Facts& facts, const SchemaPlace& asking, std::string_view keyword,
                                 const JsonValue& count) {
  const bool length = keyword.ends_with("Length");
  const bool items = keyword.ends_with("Items");
  const TypeSet type = length ? kStringType : items ? kArrayType : kObjectType;
  if ((facts.types & type) == 0) return true;
  const Facts::Range& range = length ? facts.length : items ? facts.items : facts.members;
  const bool least = keyword.starts_with("min");
  const std::uint64_t asked = CountIn(count);
  if (least ? range.min >= asked : range.max <= asked) return true;
  if (IsQuiet()) return false;
  std::optional<std::string> taken;
  if (least ? range.min != 0 : range.max != UINT64_MAX) taken = std::to_string(least ? range.min : range.max);
  return Report(asking, Words(keyword, taken, std::to_string(asked), least ? Trend::kUp : Trend::kDown));
}

bool SchemaInclusion::TextHolds(const Facts& facts, const SchemaPlace& asking, std::string_view keyword,
                                const JsonValue& text) {
  if ((facts.types & kStringType) == 0) return true;
  if (keyword == "format" && !FormatNamed(text.text())) return true;
  const std::set<std::string_view>& known = keyword == "format" ? facts.formats : facts.patterns;
  if (known.contains(text.text())) return true;
  if (IsQuiet()) return false;
  std::optional<std::string> taken;
  for (const std::string_view other : known) {
    if (!taken && (keyword == "pattern" || FormatNamed(other))) taken = Cut(other);
  }
  return Report(asking, Words(keyword, taken, Cut(text.text())));
}

}  // namespace volcanion::infrastructure
