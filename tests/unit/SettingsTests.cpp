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
