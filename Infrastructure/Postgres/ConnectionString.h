#pragma once

#include "Domain/Result.h"

#include <chrono>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// What a connection gets when the connection string says nothing about it.
struct ConnectionDefaults {
  /// Shown by pg_stat_activity and in PostgreSQL's log.
  std::string application_name = "volcanion";
  /// For one host; libpq knows whole seconds, and takes 1 for 2.
  std::chrono::seconds connect_timeout{5};
  /// How long sent data may stay unacknowledged by a host that is gone. TCP only.
  std::chrono::milliseconds tcp_user_timeout{15'000};
  std::chrono::milliseconds statement_timeout{30'000};                    ///< 0: none
  std::chrono::milliseconds lock_timeout{10'000};                         ///< 0: none
  std::chrono::milliseconds idle_in_transaction_session_timeout{60'000};  ///< 0: none
};

/// Fills what `connection_string` (a postgresql:// URI, or keyword=value pairs) leaves open from `defaults`, and asks
/// for a server that takes writes (target_session_attrs=read-write). What the string says wins, in `options` too; what
/// a service file or the environment says does not. Text is always exchanged in UTF-8.
///
/// The result is a URI, for libpq and SOCI alike: SOCI 4.0.3 misreads quotes and spaces in keyword=value pairs.
/// kInvalid when libpq cannot read the string; the message never shows a password.
domain::Result<std::string> CompleteConnectionString(std::string_view connection_string,
                                                     const ConnectionDefaults& defaults = {});

}  // namespace volcanion::infrastructure
