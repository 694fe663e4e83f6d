#include "Infrastructure/Config/Settings.h"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace {

using namespace volcanion::infrastructure;

TEST_SUITE_BEGIN("Settings");

TEST_CASE("limits that contradict one another are reported, all of them, by the name to change") {
  using Environment = std::map<std::string, std::string>;
  struct Contradiction {
    const char* name;
    Environment environment;
  };
  for (const auto& [name, environment] : {
           Contradiction{"VOLCANION_MAX_QUEUED_BYTES", {{"VOLCANION_MAX_QUEUED_BYTES", "5000000"}}},
           Contradiction{"VOLCANION_MAX_BUFFERED_BYTES", {{"VOLCANION_MAX_BUFFERED_BYTES", "5000000"}}},
           Contradiction{"VOLCANION_MAX_UNSENT_BYTES", {{"VOLCANION_MAX_UNSENT_BYTES", "5000000"}}},
           Contradiction{"VOLCANION_ADMIN_LISTEN", {{"VOLCANION_ADMIN_LISTEN", "127.0.0.1:8080"}}},
           Contradiction{"VOLCANION_SMTP_URL",
                         {{"VOLCANION_SMTP_URL", "smtp://user@mail"}, {"VOLCANION_SMTP_FROM", "a@example.com"}}},
           Contradiction{"VOLCANION_SMTP_URL",
                         {{"VOLCANION_SMTP_URL", "https://mail"}, {"VOLCANION_SMTP_FROM", "a@example.com"}}},
           Contradiction{"VOLCANION_SMTP_FROM", {{"VOLCANION_SMTP_URL", "smtps://mail"}}},
       }) {
    CAPTURE(name);
    const auto settings = LoadSettings({}, environment);
    REQUIRE_FALSE(settings.ok());
    REQUIRE(settings.error().faults.size() == 1);
    CHECK(settings.error().faults.front().message.starts_with(name));
  }
  CHECK(LoadSettings({}, {}).ok());
  CHECK(LoadSettings({}, {{"VOLCANION_LISTEN", "127.0.0.1:0"}, {"VOLCANION_ADMIN_LISTEN", "127.0.0.1:0"}}).ok());
}

TEST_CASE("this machine itself is known by its number, and nothing that only looks like it") {
  for (const auto* url : {"smtp://127.0.0.1", "smtp://127.0.0.1:25", "http://[::1]/keys", "smtps://[::1]"}) {
    CHECK_MESSAGE(IsOwnAddress(url), url);
  }
  for (const auto* url :
       {"smtp://127.0.0.1.evil.example", "smtp://localhost", "smtp://mail/127.0.0.1", "smtp://", ""}) {
    CHECK_FALSE_MESSAGE(IsOwnAddress(url), url);
  }
}

TEST_CASE("every setting is in the documentation, with its default") {
  std::ifstream file(VOLCANION_SOURCE "/docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const auto& setting : Describe(Settings())) {
    const auto value = setting.value.empty() ? "empty" : "`" + setting.value + "`";
    const auto row = "| `" + setting.name + "` | " + value + " |";
    CHECK_MESSAGE(text.str().find(row) != std::string::npos, row);
  }
}

TEST_SUITE_END();

}  // namespace
