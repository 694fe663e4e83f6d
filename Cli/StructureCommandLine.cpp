#include "Cli/JobCommands.h"
#include "Cli/PullStructures.h"
#include "Cli/PushStructures.h"
#include "Cli/RemoteCommandLine.h"
#include "Cli/StructureCommands.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::cli {
namespace {

constexpr char kPushFooter[] =
    "DIR/NAME.schema.json is the partner's structure of the events NAME, DIR/SYSTEM/NAME.schema.json that of one "
    "system.\n"
    "In names of files \"/\", \"%\", control characters and a dot at the beginning are percent-encoded (%2F).";

void AddPartnerOption(CLI::App* command, std::string& partner) {
  command->add_option("--partner", partner, "id or name; otherwise VOLCANION_PARTNER_ID, or the only one there is");
}

void AddPush(CLI::App& noun, int& status) {
  auto options = std::make_shared<PushOptions>();
  auto patience = std::make_shared<int>(static_cast<int>(options->patience.count()));
  auto* push =
      AddRemoteCommand(noun, "push",
                       "Publish what the schemas of a folder say. Shows what that breaks and what it would make "
                       "of stored events;\nchanges nothing where nothing changes.",
                       status, [options, patience](Remote& remote) {
                         options->patience = std::chrono::seconds(*patience);
                         return PushStructures(remote, *options);
                       });
  push->footer(kPushFooter + ("\n" + push->get_footer()));
  push->add_option("DIR", options->folder, "the folder")->required()->check(CLI::ExistingDirectory);
  AddPartnerOption(push, options->partner);
  push->add_flag("--dry-run", options->dry_run, "publish nothing");
  push->add_flag("--activate", options->activate, "active versions at once, not drafts");
  push->add_option("--allow-breaking", options->reason, "why compatibility is broken; goes into the audit log");
  push->add_option("--impact-days", options->days, "try changes on the stored events of so many days; 0: do not")
      ->check(CLI::Range(0, 36'500))
      ->capture_default_str();
  push->add_option("--impact-sample", options->sample, "and on so many events at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  push->add_option("--impact-timeout", *patience, "seconds to wait for that, for each file")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
}

void AddPull(CLI::App& noun, int& status) {
  auto options = std::make_shared<PullOptions>();
  auto* pull = AddRemoteCommand(noun, "pull", "Write the structures of a partner into a folder, as push reads them.",
                                status, [options](Remote& remote) { return PullStructures(remote, *options); });
  pull->footer(kPushFooter + ("\n" + pull->get_footer()));
  pull->add_option("DIR", options->folder, "the folder; made when it is missing")->required();
  AddPartnerOption(pull, options->partner);
  pull->add_flag("--force", options->force, "overwrite files that say something else");
}

/// What the commands for one structure have in common.
struct OneStructure {
  NamedStructure structure;
  std::optional<std::int64_t> version;
  std::int64_t moved_version = 0;
  std::string reason;
  SuggestionWanted suggestion;
};

CLI::App* AddForOne(CLI::App& noun, const char* name, const char* what, int& status, NamedStructure& structure,
                    RemoteCommand command) {
  auto* added = AddRemoteCommand(noun, name, what, status, std::move(command));
  added->add_option("EVENT_NAME", structure.event_name, "the events that it describes")->required();
  AddPartnerOption(added, structure.partner);
  added->add_option("--system", structure.system, "the structure of this system: id or name");
  return added;
}

void AddMove(CLI::App& noun, const char* name, const char* what, const char* state, int& status) {
  auto options = std::make_shared<OneStructure>();
  auto* move = AddForOne(noun, name, what, status, options->structure, [options, state](Remote& remote) {
    return MoveStructure(remote, options->structure, options->moved_version, state, options->reason);
  });
  move->add_option("VERSION", options->moved_version, "its number")->required()->check(CLI::PositiveNumber);
  move->add_option("--allow-breaking", options->reason, "why compatibility is broken; goes into the audit log");
}

void AddReading(CLI::App& noun, int& status) {
  auto filter = std::make_shared<StructureFilter>();
  auto* list = AddRemoteCommand(noun, "list", "List versions of structures.", status,
                                [filter](Remote& remote) { return ListStructures(remote, *filter); });
  AddPartnerOption(list, filter->partner);
  list->add_option("--system", filter->system, "only of this system: id or name");
  list->add_option("--event", filter->event_name, "only of these events");
  list->add_option("--state", filter->state, "only in this state")
      ->check(CLI::IsMember({"draft", "active", "retired"}));

  auto shown = std::make_shared<OneStructure>();
  AddForOne(noun, "show", "Show a version with its schema.", status, shown->structure, [shown](Remote& remote) {
    return ShowStructure(remote, shown->structure, shown->version);
  })->add_option("--version", shown->version, "its number; otherwise the newest active one, or draft");

  struct Files {
    std::string schema;
    std::vector<std::string> documents;
  };
  auto files = std::make_shared<Files>();
  auto* validate = AddRemoteCommand(
      noun, "validate", "What a schema says of documents; nothing is stored. Ends with 1 when one is not valid.",
      status, [files](Remote& remote) { return ValidateFiles(remote, files->schema, files->documents); });
  validate->add_option("FILE", files->schema, "the schema; - for standard input")->required();
  validate->add_option("DOCUMENT", files->documents, "files, each with one JSON value")->required();
}

void AddUnknown(CLI::App& noun, int& status) {
  auto partner = std::make_shared<std::string>();
  auto* unknown = AddRemoteCommand(noun, "unknown", "List event names that no active structure describes.", status,
                                   [partner](Remote& remote) { return ListUnknownEvents(remote, *partner); });
  AddPartnerOption(unknown, *partner);
  auto options = std::make_shared<OneStructure>();
  auto* suggest = AddForOne(noun, "suggest", "Draft a schema from stored events.", status, options->suggestion.of,
                            [options](Remote& remote) { return SuggestStructure(remote, options->suggestion); });
  suggest->add_option("--sample", options->suggestion.sample, "the newest so many")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  suggest->add_option("--output", options->suggestion.output, "a new file; otherwise it is printed");
}

void AddJobs(CLI::App& app, int& status) {
  struct Options {
    JobAddress address;
    int timeout = 600;
  };
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand("job", "Background jobs.");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = AddRemoteCommand(*noun, name, what, status, std::move(command));
    AddPartnerOption(added, options->address.partner);
    return added;
  };
  const auto add_for_one = [&](const char* name, const char* what, RemoteCommand command) {
    auto* added = add(name, what, std::move(command));
    added->add_option("JOB", options->address.job, "its id")->required();
    return added;
  };
  add("list", "List the jobs of a partner.",
      [options](Remote& remote) { return ListJobs(remote, options->address.partner); });
  add_for_one("show", "Show a job.", [options](Remote& remote) { return ShowJob(remote, options->address); });
  add_for_one("wait", "Wait until a job has ended. Ends with 1 unless it succeeded.",
              [options](Remote& remote) {
                return WaitForJob(remote, options->address, std::chrono::seconds(options->timeout));
              })
      ->add_option("--timeout", options->timeout, "seconds")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  add_for_one("cancel", "Cancel a job.", [options](Remote& remote) { return CancelJob(remote, options->address); });
}

}  // namespace

void AddStructureCommands(CLI::App& app, int& status) {
  auto* noun = app.add_subcommand("structure", "Schemas of events, and their versions.");
  noun->require_subcommand(1);
  AddReading(*noun, status);
  AddPush(*noun, status);
  AddPull(*noun, status);
  AddMove(*noun, "activate", "Let a version judge events.", "active", status);
  AddMove(*noun, "retire", "Let a version judge no new events any more.", "retired", status);
  AddUnknown(*noun, status);
  AddJobs(app, status);
}

}  // namespace volcanion::cli
