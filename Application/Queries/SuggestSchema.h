#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/SchemaSuggester.h"
#include "Application/Ports/UnknownEventReader.h"
#include "Domain/Result.h"

#include <cstddef>
#include <optional>
#include <string>

namespace volcanion::application {

inline constexpr int kMaxSample = 10'000;

/// Which schema fits the newest stored events of a name? A text to edit and publish as a draft.
struct SuggestSchema {
  domain::PartnerId partner;
  std::string event_name;
  std::optional<domain::PartnerSystemId> system = {};  ///< of this system alone
  int sample = 1'000;                                  ///< 1 to kMaxSample
};

struct SuggestedSchema {
  std::size_t samples = 0;  ///< how many events it was made from
  std::string schema;       ///< JSON text
};

class SuggestSchemaHandler {
 public:
  SuggestSchemaHandler(UnknownEventReader& reader, DirectoryCache& directory, const SchemaSuggester& suggester)
      : reader_(reader), directory_(directory), suggester_(suggester) {}

  /// Blocks. kNotFound without the partner, the system in it, or any stored event; kInvalid for a sample out of range;
  /// kUnavailable when the read store is away.
  domain::Result<SuggestedSchema> Handle(const SuggestSchema& question);

 private:
  UnknownEventReader& reader_;
  DirectoryCache& directory_;
  const SchemaSuggester& suggester_;
};

}  // namespace volcanion::application
