#include "Cli/AuditCommands.h"
#include "Cli/ErrorText.h"
#include "Cli/EventCommands.h"
#include "Cli/ExitStatus.h"
#include "Cli/KeyCommands.h"
#include "Cli/MemberCommands.h"
#include "Cli/PartnerCommands.h"
#include "Cli/PersonCommands.h"
#include "Cli/Profile.h"
#include "Cli/RemoteCommandLine.h"
#include "Cli/SystemCommands.h"
#include "Cli/TokenCommands.h"
#include "Infrastructure/Config/Settings.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <utility>

namespace volcanion::cli {
namespace {

using domain::ErrorKind;

constexpr char kFooter[] =
    "The server and the token come from VOLCANION_URL and VOLCANION_TOKEN (or VOLCANION_ADMIN_TOKEN), else from a\n"
    "profile: a file of NAME=value lines that only you can read (--profile, VOLCANION_PROFILE, or\n"
    "~/.config/volcanion/profile).\n"
    "Ends with 0 when it is done, 1 when it was refused or the server not reached, 2 for a mistake in the command or "
    "its\n"
    "files, 3 when a structure breaks compatibility.";

int Run(const std::string& profile_file, bool json, const RemoteCommand& command) {
  const auto profile = LoadProfile(profile_file, infrastructure::VolcanionEnvironment());
  if (!profile) {
    TellError(profile.error());
    return kMisused;
  }
  ApiClient api(*profile);
  Remote remote{api, json, profile->partner};
  const auto ended = command(remote);
  if (ended) return *ended;
  TellError(ended.error());
  return ended.error().kind == ErrorKind::kInvalid ? kMisused : kFailed;
}

CLI::App* AddNoun(CLI::App& app, const char* name, const char* what) {
  auto* noun = app.add_subcommand(name, what);
  noun->require_subcommand(1);
  noun->footer(kFooter);
  return noun;
}

void AddActiveFilter(CLI::App* command, std::optional<bool>& is_active) {
  auto* active = command->add_flag_callback(
      "--active", [&is_active] { is_active = true; }, "only those that are active");
  command
      ->add_flag_callback(
          "--inactive", [&is_active] { is_active = false; }, "only those that are not")
      ->excludes(active);
}

void AddPartnerOption(CLI::App* command, std::string& partner) {
  command->add_option("--partner", partner, "id or name; otherwise VOLCANION_PARTNER_ID, or the only one there is");
}

void AddPartnerCommands(CLI::App& app, int& status) {
  struct Options {
    std::string partner;
    PartnerFields fields;
    std::optional<bool> listed;
  };
  auto options = std::make_shared<Options>();
  auto* noun = AddNoun(app, "partner", "Companies that send events.");
  auto* list = AddRemoteCommand(*noun, "list", "List partners.", status,
                                [options](Remote& remote) { return ListPartners(remote, options->listed); });
  AddActiveFilter(list, options->listed);
  const CLI::IsMember compatibilities({"backward", "forward", "full", "none"});
  auto* create = AddRemoteCommand(*noun, "create", "Make a partner.", status,
                                  [options](Remote& remote) { return CreatePartner(remote, options->fields); });
  create->add_option("NAME", options->fields.name, "its name, which no other partner has")->required();
  create->add_option("--compatibility", options->fields.compatibility, "what new versions of its structures must keep")
      ->check(compatibilities);
  const auto add = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = AddRemoteCommand(*noun, name, what, status, std::move(command));
    added->add_option("PARTNER", options->partner, "id or name")->required();
    return added;
  };
  const auto change = [options](Remote& remote) { return ChangePartner(remote, options->partner, options->fields); };
  const auto change_to = [options, change](bool is_active) -> RemoteCommand {
    return [options, change, is_active](Remote& remote) {
      options->fields.is_active = is_active;
      return change(remote);
    };
  };
  add("show", "Show a partner.", [options](Remote& remote) { return ShowPartner(remote, options->partner); });
  auto* changing = add("change", "Rename a partner, or change what its structures must keep.", change);
  changing->add_option("--name", options->fields.name, "its new name");
  changing->add_option("--compatibility", options->fields.compatibility, "what new versions must keep")
      ->check(compatibilities);
  add("deactivate", "Stop all keys of a partner.", change_to(false));
  add("activate", "Let them be good again.", change_to(true));
}

void AddSystemCommands(CLI::App& app, int& status) {
  struct Options {
    SystemAddress address;
    SystemFields fields;
    std::optional<bool> listed;
  };
  auto options = std::make_shared<Options>();
  auto* noun = AddNoun(app, "system", "The systems of a partner that send events.");
  const auto add = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = AddRemoteCommand(*noun, name, what, status, std::move(command));
    AddPartnerOption(added, options->address.partner);
    return added;
  };
  const auto add_for_one = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = add(name, what, std::move(command));
    added->add_option("SYSTEM", options->address.system, "id, or name within the partner")->required();
    return added;
  };
  const auto add_fields = [&](CLI::App* command) {
    command
        ->add_option("--invalid-events", options->fields.invalid_events,
                     "what becomes of events that break a structure")
        ->check(CLI::IsMember({"observe", "flag", "reject"}));
    command->add_option("--rate-limit", options->fields.rate_limit,
                        "EVENTS_PER_SECOND:BURST, such as 100:200, or none");
  };
  AddActiveFilter(
      add("list", "List the systems of a partner.",
          [options](Remote& remote) { return ListSystems(remote, options->address.partner, options->listed); }),
      options->listed);
  auto* create = add("create", "Make a system.", [options](Remote& remote) {
    return CreateSystem(remote, options->address.partner, options->fields);
  });
  create->add_option("NAME", options->fields.name, "its name, which no other system of the partner has")->required();
  add_fields(create);
  const auto change = [options](Remote& remote) { return ChangeSystem(remote, options->address, options->fields); };
  const auto change_to = [options, change](bool is_active) -> RemoteCommand {
    return [options, change, is_active](Remote& remote) {
      options->fields.is_active = is_active;
      return change(remote);
    };
  };
  add_for_one("show", "Show a system.", [options](Remote& remote) { return ShowSystem(remote, options->address); });
  auto* changing = add_for_one("change", "Rename a system, or change what becomes of its events.", change);
  changing->add_option("--name", options->fields.name, "its new name");
  add_fields(changing);
  add_for_one("deactivate", "Stop all keys of a system.", change_to(false));
  add_for_one("activate", "Let them be good again.", change_to(true));
}

void AddKeyCommands(CLI::App& app, int& status) {
  struct Options {
    SystemAddress address;
    std::string key;
    NewKey made;
    KeyRotation rotation;
  };
  auto options = std::make_shared<Options>();
  auto* noun = AddNoun(app, "key", "The API keys of a system.");
  const auto add = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = AddRemoteCommand(*noun, name, what, status, std::move(command));
    AddPartnerOption(added, options->address.partner);
    added->add_option("SYSTEM", options->address.system, "id, or name within the partner")->required();
    return added;
  };
  add("list", "List the keys of a system: their prefixes, never the keys.",
      [options](Remote& remote) { return ListKeys(remote, options->address); });
  auto* create = add("create", "Make a key, and print it this once: alone on stdout.",
                     [options](Remote& remote) { return CreateKey(remote, options->address, options->made); });
  create->add_option("--name", options->made.name, "what to remember it by")->required();
  create->add_option("--environment", options->made.environment, "a word for people and scanners")
      ->check(CLI::IsMember({"live", "test"}));
  create->add_option("--expires-at", options->made.expires_at, "RFC 3339, such as 2030-01-01T00:00:00Z");
  auto* rotate =
      add("rotate", "Make a new key in the place of one, and print it this once.",
          [options](Remote& remote) { return RotateKey(remote, options->address, options->key, options->rotation); });
  rotate->add_option("KEY", options->key, "its id or its prefix")->required();
  rotate->add_option("--overlap", options->rotation.overlap_seconds, "seconds for which the old one stays good")
      ->check(CLI::Range(0, 2'592'000))
      ->capture_default_str();
  rotate->add_option("--expires-at", options->rotation.expires_at, "of the new key, RFC 3339");
  add("revoke", "Revoke a key for good.",
      [options](Remote& remote) { return RevokeKey(remote, options->address, options->key); })
      ->add_option("KEY", options->key, "its id or its prefix")
      ->required();
}

void AddMemberCommands(CLI::App& app, int& status) {
  struct Options {
    MemberAddress address;
    std::string email, role;
  };
  auto options = std::make_shared<Options>();
  auto* noun = AddNoun(app, "member", "People who may see a partner's data, or manage it.");
  const auto add = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = AddRemoteCommand(*noun, name, what, status, std::move(command));
    AddPartnerOption(added, options->address.partner);
    return added;
  };
  const auto add_role = [&](CLI::App* command) {
    command->add_option("--role", options->role, "what the member may do")
        ->required()
        ->check(CLI::IsMember({"analyst", "admin"}));
  };
  add("list", "List the members of a partner.",
      [options](Remote& remote) { return ListMembers(remote, options->address.partner); });
  auto* invite = add("invite", "Invite somebody; the server sends the invitation.", [options](Remote& remote) {
    return InviteMember(remote, options->address.partner, options->email, options->role);
  });
  invite->add_option("EMAIL", options->email, "where to")->required();
  add_role(invite);
  auto* change = add("change", "Give a member another role.",
                     [options](Remote& remote) { return ChangeMember(remote, options->address, options->role); });
  change->add_option("MEMBER", options->address.member, "id or e-mail")->required();
  add_role(change);
  add("remove", "Remove a member.", [options](Remote& remote) { return RemoveMember(remote, options->address); })
      ->add_option("MEMBER", options->address.member, "id or e-mail")
      ->required();
}

void AddPersonCommands(CLI::App& app, int& status) {
  struct Options {
    std::string person;
    std::optional<bool> listed;
  };
  auto options = std::make_shared<Options>();
  AddRemoteCommand(app, "whoami", "Whose token this is, and what it is good for.", status,
                   [](Remote& remote) { return WhoAmI(remote); });
  auto* noun = AddNoun(app, "person", "Everybody who is known, for platform admins.");
  auto* list = AddRemoteCommand(*noun, "list", "List people.", status,
                                [options](Remote& remote) { return ListPeople(remote, options->listed); });
  AddActiveFilter(list, options->listed);
  const auto add = [&](const char* name, const char* what, RemoteCommand command) {
    AddRemoteCommand(*noun, name, what, status, std::move(command))
        ->add_option("PERSON", options->person, "id or e-mail")
        ->required();
  };
  const auto change_to = [options](bool is_active) -> RemoteCommand {
    return [options, is_active](Remote& remote) { return ChangePerson(remote, options->person, is_active); };
  };
  add("show", "Show a person, with all memberships.",
      [options](Remote& remote) { return ShowPerson(remote, options->person); });
  add("deactivate", "End all sessions of a person, and let nobody log in as that one.", change_to(false));
  add("activate", "Let a person log in again.", change_to(true));
}

void AddTokenCommands(CLI::App& app, int& status) {
  struct Options {
    TokenOwner owner;
    NewToken made;
    std::string token;
  };
  auto options = std::make_shared<Options>();
  auto* noun = AddNoun(app, "token", "The tokens of a partner's programs, and those of administrators.");
  const auto add = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = AddRemoteCommand(*noun, name, what, status, std::move(command));
    AddPartnerOption(added, options->owner.partner);
    return added;
  };
  const auto add_of_all = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = add(name, what, std::move(command));
    added->add_flag("--administrators", options->owner.administrators, "those of administrators, and of no partner");
    return added;
  };
  add_of_all("list", "List tokens: their prefixes, never the tokens.",
             [options](Remote& remote) { return ListTokens(remote, options->owner); });
  auto* create = add("create", "Make a token for a program of the partner, and print it this once: alone on stdout.",
                     [options](Remote& remote) { return CreateToken(remote, options->owner.partner, options->made); });
  create->add_option("--name", options->made.name, "what to remember it by")->required();
  create->add_option("--scope", options->made.scopes, "what it is good for, such as structures:write; several times")
      ->required();
  create->add_option("--expires-at", options->made.expires_at, "RFC 3339, such as 2030-01-01T00:00:00Z");
  add_of_all("revoke", "Revoke a token for good.",
             [options](Remote& remote) { return RevokeToken(remote, options->owner, options->token); })
      ->add_option("TOKEN", options->token, "its id or its prefix")
      ->required();
}

void AddAuditCommand(CLI::App& app, int& status) {
  auto question = std::make_shared<AuditQuestion>();
  auto* audit =
      AddRemoteCommand(app, "audit", "What was changed or refused, the newest first; with --json a line each.", status,
                       [question](Remote& remote) { return ShowAudit(remote, *question); });
  AddPartnerOption(audit, question->partner);
  audit->add_option("--actor", question->actor, "only of this one, its whole text");
  audit->add_option("--action", question->action, "only such entries, as in structure.published");
  audit->add_option("--target", question->target, "only about this: its words, or its id");
  audit->add_option("--from", question->from, "from this time on, RFC 3339");
  audit->add_option("--to", question->to, "before this time");
  audit->add_option("--limit", question->limit, "at most so many; 0: all")->capture_default_str();
}

void AddEventCommands(CLI::App& app, int& status) {
  auto options = std::make_shared<EventExportOptions>();
  auto* noun = AddNoun(app, "events", "What systems have reported.");
  auto* exporting =
      AddRemoteCommand(*noun, "export", "Write all events that fit, and go on where it was when the connection breaks.",
                       status, [options](Remote& remote) { return ExportEvents(remote, *options); });
  AddPartnerOption(exporting, options->partner);
  exporting->add_option("--system", options->system, "id, or name within the partner; otherwise of all systems");
  exporting->add_option("--format", options->format, "what to write")
      ->check(CLI::IsMember({"ndjson", "csv"}))
      ->capture_default_str();
  exporting->add_option("--output", options->output, "a file to write to, anew; otherwise stdout");
  exporting->add_option("--where", options->where,
                        "NAME=VALUE, a parameter of the HTTP API, such as from=2026-11-01T00:00:00Z, order=asc or "
                        "'property.amount>=100'; may stand several times");
  exporting->add_option("--cursor", options->cursor, "begin behind the event that has this cursor");
  exporting->add_option("--limit", options->limit, "at most so many; 0: all")->capture_default_str();
  exporting->add_option("--retries", options->retries, "that bring nothing, one after the other, before it gives up")
      ->check(CLI::Range(0, 1'000))
      ->capture_default_str();
}

}  // namespace

CLI::App* AddRemoteCommand(CLI::App& noun, const char* name, const char* what, int& status, RemoteCommand command) {
  struct Common {
    std::string profile;
    bool json = false;
  };
  auto common = std::make_shared<Common>();
  auto* added = noun.add_subcommand(name, what);
  added->footer(kFooter);
  added->add_option("--profile", common->profile, "the file with the server's address and the token");
  added->add_flag("--json", common->json, "print JSON, for programs");
  added->callback(
      [common, &status, command = std::move(command)] { status = Run(common->profile, common->json, command); });
  return added;
}

void AddManagementCommands(CLI::App& app, int& status) {
  AddPartnerCommands(app, status);
  AddSystemCommands(app, status);
  AddKeyCommands(app, status);
  AddMemberCommands(app, status);
  AddPersonCommands(app, status);
  AddTokenCommands(app, status);
  AddAuditCommand(app, status);
  AddEventCommands(app, status);
}

}  // namespace volcanion::cli
