#include "Cli/Commands.h"
#include "Cli/ErrorText.h"
#include "Cli/ExitStatus.h"
#include "Cli/RemoteCommandLine.h"
#include "Infrastructure/Config/Settings.h"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

namespace {

using volcanion::infrastructure::Settings;

constexpr char kFooter[] =
    "What runs here is configured by environment variables, or by lines NAME=value of the file given with --config;\n"
    "`volcanion config` prints them all with their meaning and the values in force. What manages a server somewhere\n"
    "(whoami, partner, system, key, member, person, token, audit, events, structure, job) has profiles: see the help "
    "of each.";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Runs a command with the configuration, or tells every mistake in it.
template <typename Command>
int WithSettings(const std::filesystem::path& file, Command command) {
  const auto settings =
      volcanion::infrastructure::LoadSettings(file, volcanion::infrastructure::VolcanionEnvironment());
  if (settings) return command(*settings);
  volcanion::cli::TellError(settings.error());
  return volcanion::cli::kMisused;
}

}  // namespace

int main(int argc, char** argv) try {
  namespace cli = volcanion::cli;
  CLI::App app{"Volcanion, a self-hosted event tracking platform.", "volcanion"};
  app.set_version_flag("--version", "volcanion " VOLCANION_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  std::string config_file = Environment("VOLCANION_CONFIG");
  app.add_option("--config", config_file, "configuration file (also VOLCANION_CONFIG)")->check(CLI::ExistingFile);
  int status = 0;
  const auto add = [&](const char* name, const char* description, auto command) {
    auto* subcommand = app.add_subcommand(name, description);
    subcommand->footer(kFooter);
    subcommand->fallthrough();
    subcommand->callback([&config_file, &status, command] { status = WithSettings(config_file, command); });
    return subcommand;
  };

  add("up",
      "Run everything on this machine: a private PostgreSQL in the data directory (unless VOLCANION_WRITE_DSN and\n"
      "VOLCANION_READ_DSN name others), migrations, demo data, API and sync. Stops cleanly on Ctrl-C.",
      [](const Settings& settings) { return cli::RunUp(settings); });
  add("api", "Serve the HTTP API from the stores of the configuration, or those of a running `up`.",
      [](const Settings& settings) { return cli::RunApi(settings); });
  bool retry_set_aside = false;
  add("sync", "Project events from the write store into the read store; any number may run.",
      [&retry_set_aside](const Settings& settings) {
        return retry_set_aside ? cli::RetrySetAside(settings) : cli::RunSync(settings);
      })
      ->add_flag("--retry-set-aside", retry_set_aside,
                 "put the batches that were set aside back into the outbox, and end");
  add("migrate", "Bring both stores up to date.", [](const Settings& settings) { return cli::RunMigrate(settings); });
  add("config", "Print the effective configuration, passwords masked.",
      [](const Settings& settings) { return cli::PrintConfig(settings); });
  std::string token_name = "admin";
  add("admin-token", "Create an administrator's bearer token and print it, this once.",
      [&token_name](const Settings& settings) { return cli::CreateAdminToken(settings, token_name); })
      ->add_option("--name", token_name, "what to remember it by")
      ->capture_default_str();

  std::string email;
  auto* admin = app.add_subcommand("admin", "People who look after all partners, and what is theirs alone to do.");
  admin->require_subcommand(1);
  admin->fallthrough();
  const auto add_to_admin = [&](const char* name, const char* description, auto command) {
    auto* subcommand = admin->add_subcommand(name, description);
    subcommand->footer(kFooter);
    subcommand->fallthrough();
    subcommand->callback([&config_file, &status, command] { status = WithSettings(config_file, command); });
    return subcommand;
  };
  add_to_admin("create",
               "Create a platform admin. The password is asked for on a terminal, else read from standard input, or\n"
               "taken from VOLCANION_ADMIN_PASSWORD; never from the command line, which others can see.",
               [&email](const Settings& settings) { return cli::CreateAdmin(settings, email); })
      ->add_option("--email", email, "whom to create")
      ->required();
  add_to_admin("deactivate", "Let a person neither log in nor use any token, from now on.",
               [&email](const Settings& settings) { return cli::SetPersonActive(settings, email, false); })
      ->add_option("--email", email, "whom to deactivate")
      ->required();
  add_to_admin("activate", "Let a person log in again.",
               [&email](const Settings& settings) { return cli::SetPersonActive(settings, email, true); })
      ->add_option("--email", email, "whom to activate")
      ->required();
  add_to_admin("rotate-signing-key", "Have a new key sign access tokens; the old one verifies what it has signed.",
               [](const Settings& settings) { return cli::RotateSigningKey(settings); });
  add_to_admin("revoke-demo", "Make every credential of the demo void, so that others may reach the server.",
               [](const Settings& settings) { return cli::RevokeDemo(settings); });

  cli::IngestOptions ingest{
      .file = "", .url = Environment("VOLCANION_URL"), .api_key = Environment("VOLCANION_API_KEY")};
  if (ingest.url.empty()) ingest.url = "http://127.0.0.1:8080";
  auto* ingest_command = app.add_subcommand(
      "ingest", "Send a file of events, one JSON object a line, to a server, and sum up the verdicts.");
  ingest_command->footer("The API key is read from VOLCANION_API_KEY.");
  ingest_command->add_option("FILE", ingest.file, "NDJSON, plain or gzip; - for standard input")->required();
  ingest_command->add_option("--url", ingest.url, "the server (also VOLCANION_URL)")->capture_default_str();
  ingest_command->add_option("--batch", ingest.batch_events, "events in one request")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  ingest_command->add_option("--attempts", ingest.max_attempts, "to send one batch before giving up")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  ingest_command->callback([&] { status = cli::RunIngest(ingest); });

  cli::AddManagementCommands(app, status);
  cli::AddStructureCommands(app, status);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::kSucceeded : cli::kMisused;  // --help and --version are such errors, too
  }
  return status;
} catch (const std::exception& error) {
  std::cerr << "volcanion: " << error.what() << "\n";
  return 1;
}
