#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// A number that RapidJSON refuses for its size, and where it stood.
struct LongNumber {
  std::size_t offset;
  std::string text;
};

/// Whether the text may hold the escape of a surrogate, which RapidJSON refuses or lets through when it is alone.
/// Cheap.
bool MayHoldSurrogates(std::string_view json);

/// Makes JSON that RapidJSON cannot read readable, in place and without moving anything: a lone surrogate's escape
/// becomes \ufffd, and a number too large for a double becomes 0 and spaces. Returns those numbers by rising offset.
/// What is not JSON stays that way.
std::vector<LongNumber> RepairJson(std::string& json);

}  // namespace volcanion::application
