#include "Api/Middleware/Access.h"

#include <doctest/doctest.h>

#include <string>

using namespace volcanion;
using namespace volcanion::api;
using application::Principal;
using domain::Role;
using domain::Scope;

namespace {

domain::PartnerId PartnerNumber(int number) {
  domain::PartnerId id;
  id.value.bytes[15] = static_cast<std::uint8_t>(number);
  return id;
}

const auto kOurs = PartnerNumber(1);
const auto kTheirs = PartnerNumber(2);

Principal Person(Role role) {
  return {.name = "ada@example.com", .person = domain::UserId{}, .memberships = {{kOurs, role}}};
}

Principal Program(std::initializer_list<Scope> scopes) {
  Principal program{.name = "ci", .service = application::ServiceGrant{kOurs, {}}};
  for (const auto scope : scopes) program.service->scopes.Add(scope);
  return program;
}

/// "yes", "no" (403) or "unknown" (404).
std::string Ask(const Principal& principal, const Access& access, std::optional<domain::PartnerId> owner = {}) {
  switch (StandingOf(principal, access, owner)) {
    case Standing::kAllowed:
      return "yes";
    case Standing::kNotEnough:
      return "no";
    case Standing::kStranger:
      break;
  }
  return "unknown";
}

}  // namespace

TEST_SUITE("what a principal is to a route") {
  const auto kReads = Access::Member(Access::Owner::kPartner, Scope::kStructuresRead);
  const auto kManages = Access::PartnerAdmin(Access::Owner::kSystem, Scope::kSystemsWrite);
  const auto kLooksAfter = Access::PlatformAdmin(Access::Owner::kPartner);

  TEST_CASE("members read, admins manage, and neither does what is for platform admins") {
    CHECK(Ask(Person(Role::kAnalyst), kReads, kOurs) == "yes");
    CHECK(Ask(Person(Role::kAdmin), kReads, kOurs) == "yes");
    CHECK(Ask(Person(Role::kAnalyst), kManages, kOurs) == "no");
    CHECK(Ask(Person(Role::kAdmin), kManages, kOurs) == "yes");
    CHECK(Ask(Person(Role::kAdmin), kLooksAfter, kOurs) == "no");
    CHECK(Ask(Person(Role::kAdmin), Access::PlatformAdmin()) == "no");
  }

  TEST_CASE("what is another partner's is unknown, as is what is not there") {
    for (const auto& access : {kReads, kManages, kLooksAfter}) {
      CHECK(Ask(Person(Role::kAdmin), access, kTheirs) == "unknown");
      CHECK(Ask(Person(Role::kAdmin), access, std::nullopt) == "unknown");
      CHECK(Ask(Program({Scope::kStructuresRead, Scope::kSystemsWrite}), access, kTheirs) == "unknown");
      CHECK(Ask(Program({Scope::kStructuresRead, Scope::kSystemsWrite}), access, std::nullopt) == "unknown");
      CHECK(Ask(Principal{.name = "nobody's", .person = domain::UserId{}}, access, kOurs) == "unknown");
    }
  }

  TEST_CASE("a service token is good for what its scopes name, and for reading what it may write") {
    CHECK(Ask(Program({Scope::kStructuresRead}), kReads, kOurs) == "yes");
    CHECK(Ask(Program({Scope::kStructuresWrite}), kReads, kOurs) == "yes");
    CHECK(Ask(Program({Scope::kEventsRead}), kReads, kOurs) == "no");
    CHECK(Ask(Program({}), kReads, kOurs) == "no");
    CHECK(Ask(Program({Scope::kSystemsRead}), kManages, kOurs) == "no");
    CHECK(Ask(Program({Scope::kSystemsWrite}), kManages, kOurs) == "yes");
    CHECK(Ask(Program({Scope::kPartnersWrite}), kLooksAfter, kOurs) == "no");
    CHECK(Ask(Program({Scope::kMembersWrite}), Access::PartnerAdmin(Access::Owner::kPartner), kOurs) == "no");
    CHECK(Ask(Program({Scope::kEventsRead}), Access::Principal(Scope::kStructuresRead)) == "no");
    CHECK(Ask(Program({Scope::kStructuresRead}), Access::Principal(Scope::kStructuresRead)) == "yes");
    CHECK(Ask(Program({Scope::kStructuresRead}), Access::Principal()) == "no");
  }

  TEST_CASE("a platform admin does all that people do, but does not send events") {
    const Principal admin{.name = "ops", .is_platform_admin = true};
    for (const auto& access : {kReads, kManages, kLooksAfter}) {
      CHECK(Ask(admin, access, kTheirs) == "yes");
      CHECK(Ask(admin, access, std::nullopt) == "yes");  // whether it is there is for the handler to say
    }
    CHECK(Ask(Person(Role::kAdmin), Access::Sender()) == "no");
  }

  TEST_CASE("an access says in words whom it lets in") {
    CHECK(ToString(kReads) == "member of the partner, or a service token with structures:read");
    CHECK(ToString(kManages) == "partner admin of the system's partner, or a service token with systems:write");
    CHECK(ToString(kLooksAfter) == "platform admin");
    CHECK(ToString(Access::Anyone()) == "anyone");
  }

  TEST_CASE("every scope has a name of its own that can be read again") {
    for (const auto scope : domain::kAllScopes) CHECK(domain::ParseScope(domain::ToString(scope)) == scope);
    CHECK_FALSE(domain::ParseScope("events:write").has_value());
    CHECK_FALSE(domain::ParseScope("").has_value());
    CHECK(domain::ParseRole("admin") == Role::kAdmin);
    CHECK_FALSE(domain::ParseRole("owner").has_value());
  }
}
