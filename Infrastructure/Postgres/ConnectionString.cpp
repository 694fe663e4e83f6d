#include "Infrastructure/Postgres/ConnectionString.h"

#include <libpq-fe.h>

#include <map>
#include <memory>

namespace volcanion::infrastructure {
namespace {

/// Everything but the unreserved characters of RFC 3986 as %XX.
std::string PercentEncoded(std::string_view text) {
  static constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      encoded.push_back(c);
    } else {
      encoded.push_back('%');
      encoded.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      encoded.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
    }
  }
  return encoded;
}

domain::Error Unreadable(std::string_view connection_string, std::string_view reason) {
  std::string message =
      "The connection string is neither a postgresql:// URI nor keyword=value pairs (host=... dbname=... user=...)";
  // libpq quotes the piece that it stumbled over, which may be one of a password.
  const bool may_hold_password = connection_string.find("password") != std::string_view::npos ||
                                 connection_string.find('@') != std::string_view::npos;
  if (!may_hold_password) {
    while (reason.ends_with('\n')) reason.remove_suffix(1);
    message.append(": ").append(reason);
  }
  return {domain::ErrorKind::kInvalid, std::move(message)};
}

}  // namespace

domain::Result<std::string> CompleteConnectionString(std::string_view connection_string,
                                                     const ConnectionDefaults& defaults) {
  if (connection_string.find('\0') != std::string_view::npos) {
    return Unreadable(connection_string, "it has a NUL byte");
  }
  char* reason = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(std::string(connection_string).c_str(), &reason), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned_reason(reason, &PQfreemem);
  if (parsed == nullptr) return Unreadable(connection_string, reason == nullptr ? "out of memory" : reason);

  std::map<std::string, std::string> values;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values.emplace(option->keyword, option->val);
  }
  values.emplace("application_name", defaults.application_name);
  values.emplace("connect_timeout", std::to_string(defaults.connect_timeout.count()));
  values.emplace("tcp_user_timeout", std::to_string(defaults.tcp_user_timeout.count()));
  values.emplace("target_session_attrs", "read-write");
  values["client_encoding"] = "UTF8";
  std::string options =
      "-c statement_timeout=" + std::to_string(defaults.statement_timeout.count()) +
      " -c lock_timeout=" + std::to_string(defaults.lock_timeout.count()) +
      " -c idle_in_transaction_session_timeout=" + std::to_string(defaults.idle_in_transaction_session_timeout.count());
  // Of two settings of one name the server takes the later one.
  if (const auto given = values.find("options"); given != values.end()) options += " " + given->second;
  values["options"] = options;

  std::string uri = "postgresql://";
  char separator = '?';
  for (const auto& [keyword, value] : values) {
    uri.append(1, separator).append(keyword).append(1, '=').append(PercentEncoded(value));
    separator = '&';
  }
  return uri;
}

}  // namespace volcanion::infrastructure
