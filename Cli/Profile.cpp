#include "Cli/Profile.h"

#include "Infrastructure/Config/Settings.h"

#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

namespace fs = std::filesystem;
using domain::Error;
using domain::ErrorKind;
using domain::Fault;
using domain::Result;
using Values = std::map<std::string, std::string>;

constexpr std::array kNames = {"VOLCANION_URL",        "VOLCANION_TOKEN",   "VOLCANION_ADMIN_TOKEN",
                               "VOLCANION_PARTNER_ID", "VOLCANION_API_KEY", "VOLCANION_PARTNER_SYSTEM_ID"};

Error Mistaken(std::string message, std::vector<Fault> faults = {}) {
  return {ErrorKind::kInvalid, std::move(message), std::move(faults)};
}

std::string ValueOf(const Values& values, const char* name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

/// Empty without a home.
fs::path DefaultFile() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder != nullptr && *folder == '/') {
    return fs::path(folder) / "volcanion" / "profile";
  }
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? fs::path() : fs::path(home) / ".config" / "volcanion" / "profile";
}

bool IsKnown(const std::string& name) {
  for (const std::string_view known : kNames) {
    if (name == known) return true;
  }
  return name.starts_with("VOLCANION_DEMO_");
}

Result<Values> ReadProfile(const fs::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) return Mistaken("The profile " + file.string() + " cannot be read.");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Mistaken("The profile " + file.string() +
                    " holds a token and is open to other users: chmod 600 it first. If they may have read it, have the "
                    "token revoked.");
  }
  auto read = infrastructure::ReadEnvFile(file);
  if (!read) return Mistaken("The profile " + file.string() + " cannot be read.");
  std::vector<Fault> faults;
  for (auto& mistake : read->mistakes) faults.push_back({"", "malformed_line", std::move(mistake)});
  for (const auto& [name, value] : read->values) {
    if (!IsKnown(name)) faults.push_back({"", "unknown_name", name + " (" + file.string() + ") is not known"});
  }
  if (!faults.empty()) return Mistaken("The profile has mistakes.", std::move(faults));
  return std::move(read->values);
}

}  // namespace

Result<Profile> LoadProfile(const std::string& given, const Values& environment) {
  fs::path file = given.empty() ? ValueOf(environment, "VOLCANION_PROFILE") : given;
  const bool is_named = !file.empty();
  if (!is_named) file = DefaultFile();
  Values values;
  if (std::error_code ignored; is_named || (!file.empty() && fs::exists(file, ignored))) {
    auto read = ReadProfile(file);
    if (!read) return std::move(read).error();
    values = *std::move(read);
  }
  const auto find = [&](std::initializer_list<const char*> names) {
    for (const Values* source : {&environment, static_cast<const Values*>(&values)}) {
      for (const auto* name : names) {
        if (auto value = ValueOf(*source, name); !value.empty()) return value;
      }
    }
    return std::string();
  };
  Profile profile;
  if (auto url = find({"VOLCANION_URL"}); !url.empty()) profile.url = std::move(url);
  while (profile.url.ends_with('/')) profile.url.pop_back();
  if (!profile.url.starts_with("http://") && !profile.url.starts_with("https://")) {
    return Mistaken("VOLCANION_URL must begin with http:// or https://; is \"" + profile.url + "\".");
  }
  profile.token = find({"VOLCANION_TOKEN", "VOLCANION_ADMIN_TOKEN"});
  profile.partner = find({"VOLCANION_PARTNER_ID"});
  if (profile.token.empty()) {
    return Mistaken("There is no token: set VOLCANION_TOKEN, or write VOLCANION_TOKEN=... into " +
                    (file.empty() ? std::string("a file for --profile") : file.string()) +
                    " (chmod 600). `volcanion up` leaves one in demo.env of its data directory.");
  }
  if (profile.token.find_first_of("\r\n") != std::string::npos) return Mistaken("The token has more than one line.");
  return profile;
}

}  // namespace volcanion::cli
