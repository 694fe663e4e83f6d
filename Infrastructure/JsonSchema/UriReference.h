#pragma once

#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// A URI reference in two: what is before "#", and the fragment behind it (still percent-encoded).
struct SplitUri {
  std::string_view resource;
  std::string_view fragment;
};
SplitUri SplitAtFragment(std::string_view uri);

/// The reference resolved against a base (RFC 3986, section 5.2), neither with a fragment. An empty base leaves the
/// reference as it is.
std::string ResolveUri(std::string_view base, std::string_view reference);

/// Decodes %XX; what is not two hexadecimal digits stays.
std::string PercentDecode(std::string_view text);

}  // namespace volcanion::infrastructure
