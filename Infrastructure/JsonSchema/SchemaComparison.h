#pragma once

#include "Application/Ports/SchemaComparer.h"

#include <cstdint>

namespace volcanion::infrastructure {

/// Compares schemas by showing that the documents of one are documents of the other, keyword by keyword. Reads drafts
/// 4, 6 and 7, also against each other. Bounded: by steps, some hundred milliseconds at worst.
class SchemaComparison final : public application::SchemaComparer {
 public:
  domain::Result<std::vector<application::SchemaChange>> Compare(std::string_view before, std::string_view after,
                                                                 domain::Compatibility wanted) const override;
};

}  // namespace volcanion::infrastructure
