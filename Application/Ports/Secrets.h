#pragma once

#include "Domain/ApiKey.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <string>
#include <string_view>

namespace volcanion::application {

/// A secret that was just made. `text` is shown to its owner once and then forgotten.
struct NewSecret {
  std::string text;
  std::string prefix;  ///< its first characters, to recognize it by
  domain::SecretHash hash;
};

/// What nobody can guess. Thread-safe.
class Secrets {
 public:
  virtual ~Secrets() = default;

  /// A version 7 UUID (RFC 9562) that carries `time` in milliseconds.
  virtual domain::Uuid NewId(domain::Timestamp time) const = 0;
  virtual NewSecret NewApiKey(domain::KeyEnvironment environment) const = 0;
  virtual NewSecret NewAdminToken() const = 0;
  virtual NewSecret NewServiceToken() const = 0;
  virtual NewSecret NewRefreshToken() const = 0;
  virtual NewSecret NewOneTimeToken() const = 0;
  /// Whether a text looks like a secret of ours and was not copied right: its checksum is wrong. Such a text need not
  /// be looked up.
  virtual bool IsMistyped(std::string_view secret) const = 0;
  virtual domain::SecretHash Hash(std::string_view secret) const = 0;
  /// As hard to meet with another text as Hash(), in a third of the time; another one in each process, for what is
  /// remembered and never stored.
  virtual domain::SecretHash QuickHash(std::string_view secret) const = 0;
};

}  // namespace volcanion::application
