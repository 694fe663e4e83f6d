#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::application {

/// A numeric address, IPv4 (as IPv4-mapped IPv6) or IPv6.
std::optional<std::array<std::uint8_t, 16>> ParseIpAddress(std::string_view text);

/// By what one client is told from others when failures are counted: the whole of an IPv4 address, and the first 64
/// bits of an IPv6 address, as a subscriber has all the others. What is no address stays as it is.
std::string NeighbourhoodOf(std::string_view address);

/// A range of addresses in CIDR notation (RFC 4632, RFC 4291): "10.0.0.0/8", "::1", "192.0.2.7".
class IpNetwork {
 public:
  static std::optional<IpNetwork> Parse(std::string_view text);

  /// False for what is no address.
  bool Contains(std::string_view address) const;

 private:
  std::array<std::uint8_t, 16> prefix_{};
  int bits_ = 128;
};

}  // namespace volcanion::application
