#pragma once

#include <string_view>

namespace volcanion::infrastructure {

/// Whether a text is a regular expression of ECMA 262, whatever EcmaPattern can match. Takes time linear in the text.
/// As lenient as engines are with brackets and braces that stand for themselves (Annex B), and strict with escapes of
/// letters and digits that mean nothing.
bool IsEcmaPattern(std::string_view text);

}  // namespace volcanion::infrastructure
