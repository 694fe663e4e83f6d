#pragma once

#include "Application/Ports/SchemaSuggester.h"

namespace volcanion::infrastructure {

/// Suggests what the samples have in common, and no more: types (a union where they differ), members that all objects
/// have as required, formats that all strings have, an `enum` where at least 20 strings were 2 to 10 different ones,
/// each seen 4 times on average. No bounds and no closed content: samples cannot show them. An object with more than
/// 100 names is taken for a map. SampleShape has the limits of what is looked at.
class SchemaSuggestion final : public application::SchemaSuggester {
 public:
  std::unique_ptr<application::SchemaSample> Begin() const override;
};

}  // namespace volcanion::infrastructure
