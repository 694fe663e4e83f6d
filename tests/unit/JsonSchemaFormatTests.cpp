#include "Infrastructure/JsonSchema/JsonValue.h"
#include "tests/unit/JsonSchemaFixture.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace volcanion::test::json_schema;

/// What a format takes for one of its own, and what not.
void CheckFormat(std::string_view format, const std::vector<std::string>& good, const std::vector<std::string>& bad) {
  CAPTURE(format);
  const auto schema = Compiled(R"({"format":")" + std::string(format) + "\"}");
  const auto accepts = [&](std::string_view text) {
    std::string json;
    volcanion::infrastructure::AppendJsonString(text, json);
    return Accepts(*schema, json);
  };
  for (const std::string& text : good) {
    CAPTURE(text);
    CHECK(accepts(text));
  }
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK_FALSE(accepts(text));
  }
  for (const std::string_view other : {"null", "true", "1", "[]", "{}"}) CHECK(Accepts(*schema, other));
}

}  // namespace

TEST_SUITE("JsonSchema") {
  TEST_CASE("dates and times are those of RFC 3339, leap seconds included") {
    CheckFormat(
        "date-time",
        {"2026-11-20T10:00:00Z", "2026-11-20t10:00:00.123456z", "2026-11-20T10:00:00+05:30", "2016-12-31T23:59:60Z",
         "1998-12-31T15:59:60.123-08:00", "2017-01-01T08:59:60+09:00", "2024-02-29T00:00:00Z", "0000-01-01T00:00:00Z",
         "2026-11-20T10:00:00-00:00", "2026-11-20T10:00:00.00000000000000000000001Z"},
        {"",
         "2026-11-20",
         "2026-11-20 10:00:00Z",
         "2026-11-20T10:00:00",
         "2026-13-20T10:00:00Z",
         "2026-11-31T10:00:00Z",
         "2026-11-20T24:00:00Z",
         "2026-11-20T10:00:00.Z",
         "2026-11-20T10:00:00+25:00",
         "2026-11-20T10:00:00+05:60",
         "2026-11-20T22:59:60Z",
         "2026-11-20T23:58:60Z",
         "2016-12-31T23:59:60+01:00",
         "2026-11-20T23:59:61Z",
         "2026-11-20T10:00:00ZZ",
         "2023-02-29T00:00:00Z",
         "2026-11-20T10:00:00+0530",
         "2026-11-20T10:00Z",
         " 2026-11-20T10:00:00Z",
         "2026-1-20T10:00:00Z",
         "-2026-11-20T10:00:00Z",
         "2026-11-20T10:00:00\xEF\xBC\x91Z"});
    CheckFormat("date", {"2026-11-20", "2000-02-29"},
                {"", "2026-11-2", "1900-02-29", "2026/11/20", "20261120", "2026-00-10", "2026-04-31", "2026-11-20Z"});
    CheckFormat("time", {"10:00:00Z", "10:00:00.5-03:00", "23:59:60Z", "00:59:60+01:00"},
                {"", "10:00:00", "10:00Z", "1:00:00Z", "10:60:00Z", "24:00:00Z", "12:00:60Z", "10:00:00,5Z"});
  }

  TEST_CASE("e-mail addresses are those of RFC 5321") {
    CheckFormat(
        "email",
        {"ann@example.com", "a+b.c@sub.example.org", "!#$%&'*+/=?^_`{|}~-@example.com", "\"a b\"@example.com",
         "\"a\\\"b\"@example.com", "\"a@b\"@example.com", "\"\"@example.com", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]",
         "a@localhost", std::string(64, 'a') + "@example.com"},
        {"", "ann", "@example.com", "a@", ".a@example.com", "a.@example.com", "a..b@example.com", "a b@example.com",
         "a@-x.com", "a@b@c.com", "\"a\"b\"@example.com", "\"a\\\"@example.com", "a@[300.0.2.1]", "a@[IPv6:1::2::3]",
         "\xC3\xA9@example.com", "a@exa mple.com", "a@x..com", std::string(65, 'a') + "@example.com"});
  }

  TEST_CASE("host names are those of RFC 1123") {
    CheckFormat("hostname",
                {"example.com", "localhost", "3com.com", "a-b.c", "xn--bcher-kva.example", "1.2.3.4",
                 std::string(63, 'a') + ".com"},
                {"", ".", "example.com.", ".example.com", "a..b", "-a.com", "a-.com", "a_b.com", "a b", "b\xC3\xBC.de",
                 std::string(64, 'a') + ".com", Repeated("abc.", 63) + "de"});
  }

  TEST_CASE("addresses and UUIDs are told by their form") {
    CheckFormat("ipv4", {"192.0.2.1", "0.0.0.0", "255.255.255.255"},
                {"", "256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", "1.2.3.4.", "0x7f.0.0.1", "1.2.3.4/8"});
    CheckFormat("ipv6",
                {"::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:192.0.2.1", "1::", "1:2:3:4:5:6:1.2.3.4",
                 "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "ABCD::"},
                {"", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "1:", ":1",
                 "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "1.2.3.4::", "1:2:3:4:5:6:7:8::", "fe80::1%eth0", "::1/64"});
    CheckFormat("uuid",
                {"018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0f", "018F3C1E-7B2A-7C3D-9E4F-5A6B7C8D9E0F",
                 "00000000-0000-0000-0000-000000000000"},
                {"", "018f3c1e7b2a7c3d9e4f5a6b7c8d9e0f", "018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0g",
                 "{018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0f}", "018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0"});
  }

  TEST_CASE("URIs and references are those of RFC 3986") {
    const std::vector<std::string> absolute = {"https://example.com/a?b=c#d",
                                               "urn:isbn:0451450523",
                                               "mailto:ann@example.com",
                                               "http://[::1]:80/%20",
                                               "http://u:p@[v1.a:b]/",
                                               "ftp://a:",
                                               "file:///etc/passwd",
                                               "tel:+1-816-555-1212",
                                               "http://a/?q=a/b?c#/x?y",
                                               "x:",
                                               "ldap://[2001:db8::7]/c=GB?objectClass?one"};
    const std::vector<std::string> relative = {"", "/a", "//example.com", "a/b", "../a", "?q", "#f", "./a:b", "a;b=1"};
    const std::vector<std::string> neither = {
        "http://a b",        "http://a/%2",  "http://a/%zz",  "http://a/#b#c", "http://[::1",  "http://[1::2::3]/",
        "http://a:8x/",      "http://a/[b]", "http://a@b@c/", "1a://b",        ":a",           "a\\b",
        "http://a/\xC3\xA9", "<a>",          "\"a\"",         "a^b",           "http://[v.a]/"};
    std::vector<std::string> no_uri = relative;
    no_uri.insert(no_uri.end(), neither.begin(), neither.end());
    CheckFormat("uri", absolute, no_uri);
    CheckFormat("uri-reference", absolute, neither);
    CheckFormat("uri-reference", relative, neither);
  }

  TEST_CASE("JSON Pointers are those of RFC 6901") {
    CheckFormat("json-pointer", {"", "/", "/a/0", "/a~1b/~0", "//", "/ ", "/\xC3\xA9", "/foo/-"},
                {"a", "#/a", "#", "/~", "/~2", "/a~", "0", "a/b", "/~1~"});
  }

  TEST_CASE("regular expressions are those of ECMA 262, whether or not they could be a pattern here") {
    CheckFormat("regex",
                {"",
                 "^[a-z]+$",
                 "([abc])+\\s+$",
                 "(?=a)b",
                 "(?!a)*b",
                 "(?<=a)b",
                 "(a)\\1",
                 "(?<n>a)\\k<n>",
                 "(?:a|)",
                 "a{2,3}?",
                 "a{,3}",
                 "a{x",
                 "a}b]",
                 "[]",
                 "[^]",
                 "[\\d-x]",
                 "[a\\-b]",
                 "\\u{1F600}\\u00e9\\x41\\cA\\0",
                 "\\p{Script=Greek}\\P{Lu}",
                 "\\/\\.\\-",
                 "[\xC3\xA9-\xE2\x82\xAC]",
                 "a{0010,10}",
                 "\\1(a)",
                 "[\\b]",
                 "a{99999999999999999999}"},
                {"(",
                 ")",
                 "^(abc]",
                 "[a",
                 "[z-a]",
                 "[\xE2\x82\xAC-\xC3\xA9]",
                 "*a",
                 "a**",
                 "+",
                 "a|*",
                 "(?a)",
                 "(?<1>a)",
                 "(?<n>a)(?<n>b)",
                 "\\k<n>",
                 "\\2(a)",
                 "\\",
                 "[\\",
                 "\\Z",
                 "\\a",
                 "\\x4",
                 "\\u12",
                 "\\u{110000}",
                 "\\c1",
                 "a{3,2}",
                 "a{2}{3}",
                 "^*",
                 "\\b+",
                 "(?<=a)*",
                 "\\01",
                 "[\\1]",
                 "\\p{",
                 "\\p{}",
                 "a{20000000000,3}",
                 "(?"});
    CHECK(Accepts(R"({"format":"regex"})", "\"" + Repeated("(", 50'000) + Repeated(")", 50'000) + "\""));
  }

  TEST_CASE("an unknown format is an annotation") {
    for (const std::string_view format : {"color", "idn-email", "iri", "duration", "DATE", ""}) {
      CheckFormat(format, {"no such thing", ""}, {});
    }
  }

  TEST_CASE("a format is checked in every draft, and refused only where it is no string") {
    CHECK_FALSE(Accepts(Draft4(R"("format":"date")"), R"("yesterday")"));
    CHECK_FALSE(
        Accepts(R"({"$schema":"http://json-schema.org/draft-06/schema#","format":"uri-reference"})", R"("a b")"));
    CHECK(Judged(R"({"format":"hostname"})", R"("a b")") ==
          Violations{{"", "format", "must be a host name such as www.example.com; was a b", "/format"}});
  }
}
