#include "Application/Queries/SuggestSchema.h"

#include <string_view>
#include <utility>

namespace volcanion::application {

using domain::Error;
using domain::ErrorKind;

domain::Result<SuggestedSchema> SuggestSchemaHandler::Handle(const SuggestSchema& question) {
  if (question.sample < 1 || question.sample > kMaxSample) {
    return Error{ErrorKind::kInvalid,
                 "The question breaks a rule.",
                 {{"/sample", "out_of_range", "must be from 1 to " + std::to_string(kMaxSample)}}};
  }
  auto directory = directory_.WithPartner(question.partner);
  if (!directory) return std::move(directory).error();
  SampleQuery query{question.partner, {}, question.event_name, question.sample};
  if (question.system) {
    const auto* system = (*directory)->FindSystem(*question.system);
    if (system == nullptr || system->partner != question.partner) {
      return Error{ErrorKind::kNotFound, "The partner has no such system."};
    }
    query.systems = {*question.system};
  } else {
    for (const auto* system : (*directory)->SystemsOf(question.partner)) query.systems.push_back(system->id);
  }
  const auto sample = suggester_.Begin();
  auto read = reader_.Sample(query, [&](std::string_view properties) { sample->Add(properties); });
  if (!read) return std::move(read).error();
  if (sample->count() == 0) return Error{ErrorKind::kNotFound, "There are no stored events of this name, or not yet."};
  return SuggestedSchema{sample->count(), sample->Suggest()};
}

}  // namespace volcanion::application
