#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace volcanion::domain {

/// One thing that a service token may be good for. What writes a kind of thing reads it, too.
enum class Scope : std::uint8_t {
  kEventsRead,
  kPartnersRead,
  kPartnersWrite,
  kSystemsRead,
  kSystemsWrite,
  kKeysRead,
  kKeysWrite,
  kStructuresRead,
  kStructuresWrite,
  kMembersRead,
  kMembersWrite,
  kAuditRead,
};

inline constexpr std::array kAllScopes = {
    Scope::kEventsRead,      Scope::kPartnersRead, Scope::kPartnersWrite, Scope::kSystemsRead,
    Scope::kSystemsWrite,    Scope::kKeysRead,     Scope::kKeysWrite,     Scope::kStructuresRead,
    Scope::kStructuresWrite, Scope::kMembersRead,  Scope::kMembersWrite,  Scope::kAuditRead,
};

/// The thing and what is done with it: "events:read".
std::string_view ToString(Scope scope);
std::optional<Scope> ParseScope(std::string_view text);

/// Some of them.
class Scopes {
 public:
  void Add(Scope scope) { bits_ |= BitOf(scope); }
  /// As it was added, for lists.
  bool Has(Scope scope) const { return (bits_ & BitOf(scope)) != 0; }
  /// Whether what needs `scope` may be done.
  bool Allow(Scope scope) const;
  bool empty() const { return bits_ == 0; }
  bool operator==(const Scopes&) const = default;

 private:
  static std::uint32_t BitOf(Scope scope) { return std::uint32_t{1} << static_cast<unsigned>(scope); }

  std::uint32_t bits_ = 0;
};

}  // namespace volcanion::domain
