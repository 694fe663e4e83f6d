#include "Infrastructure/Security/SodiumPasswordHasher.h"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace volcanion::infrastructure {

SodiumPasswordHasher::SodiumPasswordHasher() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium finds no source of random numbers on this system");
}

domain::Result<std::string> SodiumPasswordHasher::Hash(std::string_view password) const {
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(),
                                 crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
                                 crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) != 0) {
    return domain::Error{domain::ErrorKind::kUnavailable, "The server is busy. Try again later."};
  }
  return std::string(text.data());
}

bool SodiumPasswordHasher::Matches(const std::string& hash, std::string_view password) const {
  return crypto_pwhash_argon2id_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace volcanion::infrastructure
