#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace volcanion::test::processes {

bool Contains(const std::string& text, std::string_view piece);

/// The text of a member of a JSON object: decoded when it is a string, as it stands otherwise; empty when there is
/// none.
std::string Member(std::string_view object, std::string_view name);

/// The texts of the elements of a JSON array, as they stand; none when it is no array.
std::vector<std::string> Elements(const std::string& array);

}  // namespace volcanion::test::processes
