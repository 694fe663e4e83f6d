#include "Application/Identity/FailureThrottle.h"
#include "Application/IpNetwork.h"
#include "Domain/Email.h"
#include "Domain/Password.h"
#include "Domain/ServiceToken.h"

#include <doctest/doctest.h>

#include <string>

using namespace volcanion;
using domain::CheckPassword;
using domain::Email;

TEST_SUITE("e-mail addresses") {
  TEST_CASE("people are told apart by the address in lower case") {
    CHECK(Email::Parse("Ada.Lovelace+x@Example.COM")->text() == "ada.lovelace+x@example.com");
    CHECK(*Email::Parse("ADA@EXAMPLE.COM") == *Email::Parse("ada@example.com"));
  }

  TEST_CASE("what is no address is refused") {
    for (const std::string text :
         {"", "ada", "@example.com", "ada@", "ada@localhost", "a b@example.com", "ada@exa mple.com", ".ada@example.com",
          "ada.@example.com", "a..b@example.com", "ada@-example.com", "ada@example-.com", "ada@example..com",
          "ada@example.com.", "\"ada\"@example.com", "ada@[127.0.0.1]", "ada@ex\xc3\xa4mple.com",
          "ada@example.com\n"}) {
      CAPTURE(text);
      const auto email = Email::Parse(text);
      REQUIRE_FALSE(email.ok());
      CHECK(email.error().faults.front().pointer == "/email");
    }
    CHECK_FALSE(Email::Parse(std::string("a@example.com\0.evil.example", 27)).ok());
    CHECK_FALSE(Email::Parse(std::string(65, 'a') + "@example.com").ok());
    CHECK(Email::Parse(std::string(64, 'a') + "@example.com").ok());
    CHECK_FALSE(Email::Parse("a@" + std::string(64, 'a') + ".com").ok());
  }
}

TEST_SUITE("passwords") {
  const Email kAda = *Email::Parse("ada.lovelace@example.com");

  std::string Fault(std::string_view password) {
    const auto fault = CheckPassword(password, kAda);
    return fault ? fault->code : "fine";
  }

  TEST_CASE("a password has twelve characters, whatever they are") {
    CHECK(Fault("correct wind") == "fine");
    CHECK(Fault("            x") == "fine");
    CHECK(Fault("eleven char") == "too_short");
    CHECK(Fault("") == "too_short");
    CHECK(Fault("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc") == "too_short");  // six of them, in twelve bytes
    CHECK(Fault(std::string(200, 'x') + "yz") == "fine");
    CHECK(Fault(std::string(256, 'x') + "y") == "too_long");
    CHECK(Fault(std::string("twelve\0chars", 12)) == "invalid_character");
  }

  TEST_CASE("what is tried first is refused") {
    CHECK(Fault("ada.lovelace@example.com") == "too_common");
    CHECK(Fault("Ada.Lovelace2026") == "too_common");
    CHECK(Fault("aaaaaaaaaaaaaa") == "too_common");
    CHECK(Fault("Password2024!!") == "too_common");
    CHECK(Fault("passwordpassword") == "too_common");
    CHECK(Fault("administrator") == "too_common");
    CHECK(Fault("123456789012") == "too_common");
    CHECK(Fault("volcanion1234") == "too_common");
    CHECK(Fault("password of mine") == "fine");
  }
}

TEST_SUITE("service tokens") {
  TEST_CASE("a token has a name, a scope, and an end in the future if any") {
    domain::ServiceToken token;
    token.created_at = *domain::ParseRfc3339("2026-11-20T10:00:00Z");
    token.expires_at = token.created_at;
    const auto refused = domain::CheckServiceToken(token);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().faults.size() == 3);
    token.name = "ci";
    token.scopes.Add(domain::Scope::kStructuresWrite);
    token.expires_at = std::nullopt;
    CHECK(domain::CheckServiceToken(token).ok());
  }
}

TEST_SUITE("too many failures") {
  using application::FailureThrottle;
  const std::chrono::steady_clock::time_point kNow{};

  TEST_CASE("after so many failures there is a pause, for that one alone") {
    FailureThrottle throttle(2, std::chrono::seconds(60));
    CHECK(throttle.Try("ada", kNow));
    CHECK(throttle.Try("ada", kNow));
    CHECK_FALSE(throttle.Try("ada", kNow));
    CHECK(throttle.Try("bob", kNow));
    CHECK_FALSE(throttle.Try("ada", kNow + std::chrono::seconds(59)));
    CHECK(throttle.Try("ada", kNow + std::chrono::seconds(60)));
  }

  TEST_CASE("an IPv6 address counts with its neighbours, an IPv4 address by itself") {
    using application::NeighbourhoodOf;
    CHECK(NeighbourhoodOf("2001:db8:0:1::1") == NeighbourhoodOf("2001:db8:0:1:ffff::2"));
    CHECK(NeighbourhoodOf("2001:db8:0:1::1") != NeighbourhoodOf("2001:db8:0:2::1"));
    CHECK(NeighbourhoodOf("192.0.2.1") != NeighbourhoodOf("192.0.2.2"));
    CHECK(NeighbourhoodOf("192.0.2.1") == NeighbourhoodOf("::ffff:192.0.2.1"));
    CHECK(NeighbourhoodOf("") == "");
  }

  TEST_CASE("what succeeds is not counted") {
    FailureThrottle throttle(2, std::chrono::seconds(60));
    for (int i = 0; i < 10; ++i) {
      CHECK(throttle.Try("ada", kNow));
      throttle.Forgive("ada");
    }
    throttle.Forgive("nobody");
  }

  TEST_CASE("only so many are remembered, and those whose time is over go first") {
    FailureThrottle throttle(1, std::chrono::seconds(60));
    CHECK(throttle.Try("first", kNow));
    CHECK(throttle.Try("second", kNow + std::chrono::seconds(1)));
    for (std::size_t i = 2; i <= FailureThrottle::kMaxKnown; ++i) {
      throttle.Try(std::to_string(i), kNow + std::chrono::seconds(2));
    }
    CHECK(throttle.Try("first", kNow + std::chrono::seconds(3)));  // forgotten, for want of room
  }
}
