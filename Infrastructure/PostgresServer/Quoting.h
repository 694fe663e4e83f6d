#pragma once

#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// 'text' with a backslash before each quote and backslash: a value of postgresql.conf or of a libpq connection string.
[[nodiscard]] std::string SingleQuoted(std::string_view text);

/// "text" with each quote doubled: a name in pg_ident.conf or an identifier in SQL.
[[nodiscard]] std::string DoubleQuoted(std::string_view text);

}  // namespace volcanion::infrastructure
