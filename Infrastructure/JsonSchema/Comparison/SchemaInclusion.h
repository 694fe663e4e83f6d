#pragma once

#include "Application/Ports/SchemaComparer.h"
#include "Infrastructure/JsonSchema/Comparison/ChangeWords.h"
#include "Infrastructure/JsonSchema/Comparison/ConjunctionFacts.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {

/// Shows that every document that one schema takes is taken by another, or says why that cannot be shown.
///
/// What is taken is a Conjunction (members of an object get what several schemas ask of them together), what asks is
/// one schema, gone through keyword by keyword: each must follow from what is certain about the conjunction. Where it
/// does not, the conjunction's alternatives are tried one by one. A question that comes up again while it is being
/// answered is taken for answered if it is about a part of the document by then: documents end.
class SchemaInclusion {
 public:
  /// Adds to `changes`. What it is given must outlive it. `literals` is described at FactsAbout().
  SchemaInclusion(application::SchemaChange::Breaks breaks, const ComparedSchema& literals, ComparisonWork& work,
                  std::vector<application::SchemaChange>& changes)
      : breaks_(breaks), literals_(literals), work_(work), changes_(changes) {}

  /// Whether `asking` takes whatever `taken` takes; else there is at least one change.
  bool Run(const ComparedSchema& taken, const ComparedSchema& asking);

 private:
  using Facts = ConjunctionFacts;
  using Question = std::pair<std::vector<SchemaPlace>, SchemaPlace>;

  bool Holds(const Conjunction& taken, const SchemaPlace& asking);
  bool HoldsWithin(const Conjunction& taken, const SchemaPlace& asking);  // one level down in the document
  bool HoldsQuietly(const Conjunction& taken, const SchemaPlace& asking);
  bool HoldsQuietlyWithin(const Conjunction& taken, const SchemaPlace& asking);
  bool AnswerAnew(const Conjunction& taken, const SchemaPlace& asking);
  bool KeywordHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking, const JsonMember& keyword);
  bool FollowsDirectly(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                       const JsonMember& keyword);
  bool HoldsForEachChoice(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                          const JsonMember& keyword);
  bool TakesNothing(const Conjunction& taken);
  bool IsContradictory(const Conjunction& taken);

  // Scalars
  bool TypeHolds(const Facts& facts, const SchemaPlace& asking, TypeSet allowed);
  bool ValuesHold(const Facts& facts, const SchemaPlace& asking, std::string_view keyword,
                  std::span<const JsonValue> allowed);
  bool LimitHolds(const Facts& facts, const SchemaPlace& asking, std::string_view keyword, const JsonValue& limit);
  bool MultipleHolds(const Facts& facts, const SchemaPlace& asking, const JsonValue& divisor);
  bool CountHolds(const Facts& facts, const SchemaPlace& asking, std::string_view keyword, const JsonValue& count);
  bool TextHolds(const Facts& facts, const SchemaPlace& asking, std::string_view keyword, const JsonValue& text);

  // Objects
  bool RequiredHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking, const JsonValue& names);
  bool MembersHold(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking);
  bool MemberHolds(const Conjunction& taken, const SchemaPlace& asking, std::string_view name);
  bool OtherMembersHold(const Conjunction& taken, const SchemaPlace& asking, std::optional<std::string_view> pattern,
                        const SchemaPlace& schema);
  bool NamesHold(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking, const JsonValue& schema);
  bool DependenciesHold(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                        const JsonValue& dependencies);
  Conjunction NamesOf(const Conjunction& taken) const;
  bool RefusesName(const Conjunction& taken, std::string_view name);

  // Arrays
  bool ElementsHold(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking);
  bool ContainsHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking, const JsonValue& schema);

  // Combinations
  bool AnyHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking, const JsonValue& schemas);
  bool OneHolds(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking, const JsonValue& schemas);
  bool OneOfSame(const Conjunction& taken, const SchemaPlace& asking, const JsonValue& schemas);
  bool NotHolds(const Conjunction& taken, const SchemaPlace& asking, const JsonValue& schema);
  bool ConditionHolds(const Conjunction& taken, const SchemaPlace& asking);
  Conjunction Settled(Conjunction taken);
  void ExplainAlternatives(const Conjunction& taken, const Facts& facts, const SchemaPlace& asking,
                           std::string_view keyword, const JsonValue& schemas);

  /// Always false.
  bool Report(const SchemaPlace& where, ChangeWords words);
  ChangeWords Words(std::string_view keyword, const std::optional<std::string>& taken, const std::string& asked,
                    Trend trend = Trend::kOther) const {
    return WordsFor(breaks_, keyword, taken, asked, trend);
  }
  bool IsBackward() const { return breaks_ == application::SchemaChange::Breaks::kBackward; }
  bool IsQuiet() const { return quiet_ > 0; }
  Facts FactsOf(const Conjunction& taken) { return FactsAbout(taken, literals_, work_); }

  const application::SchemaChange::Breaks breaks_;
  const ComparedSchema& literals_;
  ComparisonWork& work_;
  std::vector<application::SchemaChange>& changes_;

  int quiet_ = 0;                         // above 0 nothing is reported
  int choices_ = 0;                       // alternatives chosen on the way here
  std::size_t depth_ = 0;                 // of the stack
  std::size_t level_ = 0;                 // within the document
  std::map<Question, std::size_t> open_;  // with the level at which it came up
  std::set<Question> shown_;
  std::vector<std::set<Question>::iterator> shown_in_order_;
  std::set<Question> failed_;    // while nothing was reported
  std::set<Question> reported_;  // and so need not be reported again
};

}  // namespace volcanion::infrastructure
