#include "Api/Middleware/ClientAddress.h"

#include <algorithm>
#include <string_view>

namespace volcanion::api {
namespace {

std::string_view Trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The parts between separators, trimmed.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(Trim(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// `"[2001:db8::1]:4711"`, `192.0.2.43:80` and the like without quotes, brackets and port.
std::string_view BareAddress(std::string_view node) {
  if (node.size() >= 2 && node.front() == '"' && node.back() == '"') node = node.substr(1, node.size() - 2);
  if (node.starts_with('[')) return node.substr(1, std::min(node.find(']'), node.size()) - 1);
  const bool has_port = std::count(node.begin(), node.end(), ':') == 1;
  return has_port ? node.substr(0, node.find(':')) : node;
}

/// The addresses that Forwarded names (RFC 7239), nearest last. A proxy that does not say for whom it asks names
/// nobody: what stands before its element is the client's own word.
std::vector<std::string> FromForwarded(const Headers& headers) {
  std::vector<std::string> addresses;
  for (const auto& [name, value] : headers.fields()) {
    if (!IsSameHeader(name, "Forwarded")) continue;
    for (const auto element : Split(value, ',')) {
      if (element.empty()) continue;
      auto& address = addresses.emplace_back();
      for (const auto pair : Split(element, ';')) {
        if (pair.size() > 4 && (pair[0] | 0x20) == 'f' && (pair[1] | 0x20) == 'o' && (pair[2] | 0x20) == 'r' &&
            pair[3] == '=') {
          address = BareAddress(pair.substr(4));
        }
      }
    }
  }
  return addresses;
}

/// Those that X-Forwarded-For names, likewise.
std::vector<std::string> FromXForwardedFor(const Headers& headers) {
  std::vector<std::string> addresses;
  for (const auto& [name, value] : headers.fields()) {
    if (!IsSameHeader(name, "X-Forwarded-For")) continue;
    for (const auto node : Split(value, ',')) addresses.emplace_back(BareAddress(node));
  }
  return addresses;
}

std::vector<std::string> NamedAddresses(const Headers& headers, ForwardedHeader header) {
  if (header == ForwardedHeader::kForwarded) return FromForwarded(headers);
  auto addresses = FromXForwardedFor(headers);
  return addresses.empty() && header == ForwardedHeader::kEither ? FromForwarded(headers) : addresses;
}

}  // namespace

std::string ClientAddress(const Request& request, const Proxies& proxies) {
  const auto is_trusted = [&](const std::string& address) {
    return std::any_of(proxies.trusted.begin(), proxies.trusted.end(),
                       [&](const auto& network) { return network.Contains(address); });
  };
  std::string client = request.remote_address;
  if (!is_trusted(client)) return client;
  auto named = NamedAddresses(request.headers, proxies.header);
  while (!named.empty() && is_trusted(client)) {
    // What is no address ("unknown", "_hidden", an attempt) is as far as anybody can tell.
    if (!application::ParseIpAddress(named.back())) break;
    client = std::move(named.back());
    named.pop_back();
  }
  return client;
}

}  // namespace volcanion::api
