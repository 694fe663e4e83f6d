#include "Application/IpNetwork.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace volcanion::application {
namespace {

constexpr int kMappedBits = 96;  // ::ffff:0:0/96 holds IPv4

}  // namespace

std::optional<std::array<std::uint8_t, 16>> ParseIpAddress(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> bytes{};
  in_addr v4{};
  if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, &v4, 4);
    return bytes;
  }
  if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return bytes;
  return std::nullopt;
}

std::string NeighbourhoodOf(std::string_view address) {
  const auto bytes = ParseIpAddress(address);
  if (!bytes) return std::string(address);
  const bool is_v4 = std::all_of(bytes->begin(), bytes->begin() + 10, [](std::uint8_t byte) { return byte == 0; }) &&
                     (*bytes)[10] == 0xff && (*bytes)[11] == 0xff;
  return {bytes->begin(), bytes->begin() + (is_v4 ? 16 : 8)};
}

std::optional<IpNetwork> IpNetwork::Parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = ParseIpAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  IpNetwork network;
  network.prefix_ = *address;
  if (slash == std::string_view::npos) return network;
  const auto digits = text.substr(slash + 1);
  const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  int bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size() || bits < 0 || bits > (is_v4 ? 32 : 128)) {
    return std::nullopt;
  }
  network.bits_ = is_v4 ? kMappedBits + bits : bits;
  return network;
}

bool IpNetwork::Contains(std::string_view address) const {
  const auto bytes = ParseIpAddress(address);
  if (!bytes) return false;
  for (int bit = 0; bit < bits_; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> bit % 8;
    if (((*bytes)[byte] & mask) != (prefix_[byte] & mask)) return false;
  }
  return true;
}

}  // namespace volcanion::application
