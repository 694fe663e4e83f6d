#include "Cli/Commands.h"
#include "Cli/People.h"
#include "Cli/Stores.h"
#include "Infrastructure/Messages/LoggedMessages.h"

#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

namespace volcanion::cli {
namespace {

using domain::Done;
using domain::Result;
using infrastructure::Settings;

constexpr char kActor[] = "volcanion admin";

int Fail(const domain::Error& error) {
  std::cerr << "volcanion: " << error.message << "\n";
  return 1;
}

/// Does it with everything wired to the stores of the configuration.
int WithPeople(const Settings& settings, const std::function<Result<Done>(Surroundings&, People&)>& work) {
  const auto stores = ResolveStores(settings);
  if (!stores) return Fail(stores.error());
  Surroundings around(settings, VOLCANION_VERSION);
  Management management(settings, *stores, around);
  infrastructure::LoggedMessages messages(around.log, false);
  auto sealing = LoadSealingKeys(settings);
  if (!sealing) return Fail(sealing.error());
  People people(settings, around, management, messages, *std::move(sealing));
  const auto done = work(around, people);
  return done ? 0 : Fail(done.error());
}

/// Shows nothing of what is typed while it lives.
class HiddenInput {
 public:
  HiddenInput() {
    is_terminal_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_terminal_) return;
    auto hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~HiddenInput() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;

 private:
  termios before_{};
  bool is_terminal_ = false;
};

std::string ReadPassword() {
  if (const char* given = std::getenv("VOLCANION_ADMIN_PASSWORD")) return given;
  std::string password;
  const bool asks = ::isatty(STDIN_FILENO) != 0;
  if (asks) std::cerr << "password: " << std::flush;
  {
    const HiddenInput hidden;
    std::getline(std::cin, password);
  }
  if (asks) std::cerr << "\n";
  return password;
}

}  // namespace

int CreateAdmin(const Settings& settings, const std::string& email) {
  return WithPeople(settings, [&](Surroundings&, People& people) -> Result<Done> {
    auto created = people.create_platform_admin.Handle({email, ReadPassword(), false, {kActor, ""}});
    if (created) std::cerr << "volcanion: " << email << " can log in now\n";
    return created;
  });
}

int SetPersonActive(const Settings& settings, const std::string& email, bool is_active) {
  return WithPeople(settings, [&](Surroundings& around, People& people) -> Result<Done> {
    const auto parsed = domain::Email::Parse(email);
    if (!parsed) return parsed.error();
    const auto found = people.store.ListPeople({.email = parsed->text(), .limit = 1});
    if (!found) return found.error();
    if (found->items.empty()) return domain::Error{domain::ErrorKind::kNotFound, "There is nobody with this e-mail."};
    const auto changed =
        people.store.SetActive(found->items.front().id, is_active, std::nullopt, around.clock.Now(), {kActor, ""});
    return changed ? Result<Done>(Done{}) : changed.error();
  });
}

int RotateSigningKey(const Settings& settings) {
  return WithPeople(settings, [](Surroundings&, People& people) { return people.access_tokens.ChangeKey(); });
}

int RevokeDemo(const Settings& settings) {
  return WithPeople(settings, [](Surroundings&, People& people) {
    return people.demo_credentials.Revoke({kActor, ""});
  });
}

}  // namespace volcanion::cli
