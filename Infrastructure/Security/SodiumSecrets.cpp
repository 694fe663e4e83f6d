#include "Infrastructure/Security/SodiumSecrets.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

namespace volcanion::infrastructure {
namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kRandomCharacters = 43;   // 62^43 > 2^256
constexpr std::size_t kChecksumCharacters = 6;  // 62^6 > 2^32
constexpr std::size_t kPrefixCharacters = 14;
constexpr std::array<std::string_view, 4> kKinds = {"vk_live_", "vk_test_", "va_live_",
                                                    "vs_live_"};  // of the same length
constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random bytes for ids, fetched for many ids at once: one system call each would cost more than the rest of an id.
/// A child that goes on after fork() in the same program would hand out the same bytes again.
class RandomPool {
 public:
  void Take(std::span<std::uint8_t> bytes) {
    if (left_ < bytes.size()) {
      randombytes_buf(pool_.data(), pool_.size());
      left_ = pool_.size();
    }
    std::memcpy(bytes.data(), pool_.data() + pool_.size() - left_, bytes.size());
    left_ -= bytes.size();
  }

 private:
  std::array<std::uint8_t, 2048> pool_{};
  std::size_t left_ = 0;
};

/// Appends `bytes`, read as one big-endian number, as `characters` digits of base 62.
void AppendBase62(std::string& text, std::span<std::uint8_t> bytes, std::size_t characters) {
  const std::size_t begin = text.size();
  for (std::size_t i = 0; i < characters; ++i) {
    unsigned remainder = 0;  // of the division of the whole number by 62; the number becomes the quotient
    for (auto& byte : bytes) {
      const unsigned dividend = remainder << 8 | byte;
      byte = static_cast<std::uint8_t>(dividend / 62);
      remainder = dividend % 62;
    }
    text.push_back(kBase62[remainder]);
  }
  std::reverse(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end());
}

/// CRC-32 as in zlib, PNG and Ethernet (reflected, polynomial 0xEDB88320).
std::uint32_t Crc32(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xEDB88320 & (0 - (crc & 1)));
  }
  return ~crc;
}

std::string ChecksumOf(std::string_view text) {
  const std::uint32_t crc = Crc32(text);
  std::array<std::uint8_t, 4> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
  std::string checksum;
  AppendBase62(checksum, bytes, kChecksumCharacters);
  return checksum;
}

}  // namespace

SodiumSecrets::SodiumSecrets() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium finds no source of random numbers on this system");
  randombytes_buf(hashing_key_.data(), hashing_key_.size());
}

// RFC 9562, section 5.7: 48 bits of milliseconds, version 7, 12 random bits, variant 10, 62 random bits.
domain::Uuid SodiumSecrets::NewId(domain::Timestamp time) const {
  thread_local RandomPool random;
  const auto since_1970 = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(since_1970, 0));
  domain::Uuid id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  random.Take(std::span(id.bytes).subspan<6>());
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | (id.bytes[6] & 0x0F));
  id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3F));
  return id;
}

application::NewSecret SodiumSecrets::NewApiKey(domain::KeyEnvironment environment) const {
  return NewSecretWithPrefix(environment == domain::KeyEnvironment::kTest ? "vk_test_" : "vk_live_");
}
application::NewSecret SodiumSecrets::NewAdminToken() const { return NewSecretWithPrefix("va_live_"); }
application::NewSecret SodiumSecrets::NewServiceToken() const { return NewSecretWithPrefix("vs_live_"); }
application::NewSecret SodiumSecrets::NewRefreshToken() const { return NewSecretWithPrefix("vr_live_"); }
application::NewSecret SodiumSecrets::NewOneTimeToken() const { return NewSecretWithPrefix("vo_live_"); }

bool SodiumSecrets::IsMistyped(std::string_view secret) const {
  const auto is_ours = [&](std::string_view kind) { return secret.starts_with(kind); };
  if (!std::any_of(kKinds.begin(), kKinds.end(), is_ours)) return false;
  if (secret.size() != kKinds[0].size() + kRandomCharacters + kChecksumCharacters) return true;
  const auto body = secret.substr(0, secret.size() - kChecksumCharacters);
  return secret.substr(body.size()) != ChecksumOf(body);
}

domain::SecretHash SodiumSecrets::Hash(std::string_view secret) const {
  domain::SecretHash hash;
  static_assert(sizeof hash.bytes == crypto_hash_sha256_BYTES);
  crypto_hash_sha256(hash.bytes.data(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  return hash;
}

domain::SecretHash SodiumSecrets::QuickHash(std::string_view secret) const {
  domain::SecretHash hash;
  crypto_generichash(hash.bytes.data(), hash.bytes.size(), reinterpret_cast<const unsigned char*>(secret.data()),
                     secret.size(), hashing_key_.data(), hashing_key_.size());
  return hash;
}

application::NewSecret SodiumSecrets::NewSecretWithPrefix(std::string_view kind) const {
  std::array<std::uint8_t, kRandomBytes> random;
  randombytes_buf(random.data(), random.size());
  application::NewSecret secret;
  secret.text.reserve(kind.size() + kRandomCharacters + kChecksumCharacters);
  secret.text = kind;
  AppendBase62(secret.text, random, kRandomCharacters);  // leaves zeros in `random`
  secret.text += ChecksumOf(secret.text);
  secret.prefix = secret.text.substr(0, kPrefixCharacters);
  secret.hash = Hash(secret.text);
  return secret;
}

}  // namespace volcanion::infrastructure
