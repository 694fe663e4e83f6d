#include "Cli/PushStructures.h"

#include "Api/Json/JsonText.h"
#include "Cli/ExitStatus.h"
#include "Cli/Table.h"

#include <algorithm>
#include <iostream>
#include <string_view>
#include <utility>

namespace volcanion::cli {
namespace {

using domain::Done;
using domain::Error;
using domain::Result;

constexpr std::size_t kMaxShownViolations = 5;

/// What became of one file; 0: nothing was published.
struct Published {
  std::int64_t version = 0;
};

std::string_view NameOf(PushStep step) {
  switch (step) {
    case PushStep::kNone:
      return "none";
    case PushStep::kNewVersion:
      return "new-version";
    case PushStep::kChangeDraft:
      return "change-draft";
    case PushStep::kActivateDraft:
      return "activate-draft";
  }
  return "";
}

std::string Sentence(const PlannedPush& planned, bool activate) {
  const auto version = "version " + std::to_string(planned.version);
  switch (planned.step) {
    case PushStep::kNone:
      return "unchanged (" + version + ", " + planned.state + ")";
    case PushStep::kNewVersion:
      return activate ? "a new version, active" : "a new version, as a draft";
    case PushStep::kChangeDraft:
      return "the draft, " + version + ", changes" + (activate ? " and becomes active" : "");
    case PushStep::kActivateDraft:
      return "the draft, " + version + ", becomes active";
  }
  return "";
}

void TellComparison(const JsonObject& comparison) {
  const auto wanted = Printable(comparison.Text("compatibility"));
  if (!comparison.Has("comparedWith")) {
    std::cout << "  nothing to compare with\n";
    return;
  }
  const auto version = "version " + comparison.Text("comparedWith");
  if (comparison.IsTrue("isCompatible")) {
    std::cout << "  compatible with " << version << " (" << wanted << ")\n";
    return;
  }
  std::cout << "  breaks " << wanted << " compatibility with " << version << ":\n";
  for (const auto& change : comparison.Objects("incompatibleChanges")) {
    std::cout << "    " << Printable(change.Text("pointer")) << "  " << Printable(change.Text("code")) << "  "
              << Printable(change.Text("message")) << "\n";
  }
}

void TellImpact(const JsonObject& impact, int days) {
  std::cout << "  of " << impact.Text("events") << (impact.Text("sampling") == "newest" ? " sampled" : "")
            << " events of the last " << days << " days " << impact.Text("turnedInvalid") << " would turn invalid, "
            << impact.Text("turnedValid") << " valid\n";
  const auto violations = impact.Objects("violations");
  for (std::size_t i = 0; i < std::min(violations.size(), kMaxShownViolations); ++i) {
    const auto examples = violations[i].Objects("examples");
    std::cout << "    " << violations[i].Text("count") << "  " << Printable(violations[i].Text("pointer")) << "  "
              << Printable(violations[i].Text("keyword"))
              << (examples.empty() ? "" : ", as in: " + Printable(examples.front().Text("message"))) << "\n";
  }
  if (violations.size() > kMaxShownViolations) std::cout << "    and more\n";
}

void TellPlan(const PushPlan& plan, const PushOptions& options) {
  for (const auto& planned : plan.files) {
    std::cout << Printable(planned.file.path) << ": " << Sentence(planned, options.activate) << "\n";
    if (planned.step == PushStep::kNone) continue;
    TellComparison(planned.comparison);
    if (planned.impact) TellImpact(*planned.impact, options.days);
  }
  for (const auto& path : plan.not_in_folder) std::cout << Printable(path) << ": no such file; left as it is\n";
}

std::string Report(const PushPlan& plan, const PushOptions& options, const std::vector<Published>& published) {
  api::JsonText json;
  json.BeginObject();
  json.Name("partnerId").Text(plan.partner);
  json.Name("dryRun").Boolean(options.dry_run);
  json.Name("isBreaking").Boolean(std::any_of(plan.files.begin(), plan.files.end(), [](const PlannedPush& push) {
    return push.BreaksCompatibility();
  }));
  json.Name("files").BeginArray();
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const auto& planned = plan.files[i];
    const auto version = i < published.size() ? published[i].version : 0;
    json.BeginObject();
    json.Name("file").Text(planned.file.path);
    json.Name("eventName").Text(planned.file.event_name);
    json.Name("partnerSystemId");
    planned.structure.system.empty() ? json.Null() : json.Text(planned.structure.system);
    json.Name("step").Text(NameOf(planned.step));
    json.Name("version");
    planned.version == 0 ? json.Null() : json.Integer(planned.version);
    json.Name("published");
    version == 0 ? json.Null() : json.Integer(version);
    json.Name("comparison");
    planned.step == PushStep::kNone ? json.Null() : json.Raw(planned.comparison.text());
    json.Name("impact");
    planned.impact ? json.Raw(planned.impact->text()) : json.Null();
    json.EndObject();
  }
  json.EndArray();
  json.Name("notInFolder").BeginArray();
  for (const auto& path : plan.not_in_folder) json.Text(path);
  json.EndArray();
  json.EndObject();
  return json.Take();
}

Result<Published> Publish(Remote& remote, const PlannedPush& planned, const PushOptions& options) {
  if (planned.step == PushStep::kNone) return Published{};
  const bool is_new = planned.step == PushStep::kNewVersion;
  api::JsonText json;
  json.BeginObject();
  if (is_new) {
    json.Name("eventName").Text(planned.file.event_name);
    if (!planned.structure.system.empty()) json.Name("partnerSystemId").Text(planned.structure.system);
  }
  if (planned.step != PushStep::kActivateDraft) json.Name("schema").Raw(planned.file.schema);
  if (is_new || options.activate) json.Name("state").Text(options.activate ? "active" : "draft");
  if (options.activate && planned.BreaksCompatibility()) {
    json.Name("override").BeginObject();
    json.Name("reason").Text(options.reason);
    json.EndObject();
  }
  json.EndObject();
  const auto answer = is_new
                          ? remote.api.Post("/api/partners/" + planned.structure.partner + "/structures", json.Take())
                          : remote.api.Patch(planned.structure.VersionPath(planned.version), json.Take(), planned.etag);
  if (!answer) {
    auto error = answer.error();
    error.message = planned.file.path + " was not published: " + error.message;
    return error;
  }
  return Published{answer->body.Integer("version")};
}

std::string Counted(std::size_t number, const char* what) { return std::to_string(number) + " " + what; }

}  // namespace

Result<int> PushStructures(Remote& remote, const PushOptions& options) {
  const auto plan = PlanPush(remote, options);
  if (!plan) return plan.error();
  const auto count = [&](auto is) {
    return static_cast<std::size_t>(std::count_if(plan->files.begin(), plan->files.end(), is));
  };
  const auto changed = count([](const PlannedPush& push) { return push.step != PushStep::kNone; });
  const auto breaking = count([](const PlannedPush& push) { return push.BreaksCompatibility(); });
  const bool is_refused = breaking > 0 && options.reason.empty();
  if (!remote.json) TellPlan(*plan, options);

  std::vector<Published> published;
  Result<Done> outcome = Done{};
  for (const auto& planned : plan->files) {
    if (options.dry_run || is_refused || !outcome) break;
    auto one = Publish(remote, planned, options);
    if (!one) {
      outcome = std::move(one).error();
      break;
    }
    published.push_back(*one);
    if (!remote.json && one->version != 0) {
      std::cout << Printable(planned.file.path) << ": published as version " << one->version
                << (options.activate ? ", active\n" : ", a draft\n");
    }
  }
  if (remote.json) {
    std::cout << Report(*plan, options, published) << "\n";
  } else {
    std::cout << Counted(changed, "changed, ") << Counted(plan->files.size() - changed, "unchanged, ")
              << Counted(breaking, "breaking") << (options.dry_run ? "; a dry run: nothing was published" : "") << "\n";
  }
  if (!outcome) return std::move(outcome).error();
  if (!is_refused) return kSucceeded;
  std::cerr << "volcanion: compatibility would be broken" << (options.dry_run ? "" : ", and nothing was published")
            << "; --allow-breaking REASON does it all the same\n";
  return kBreaking;
}

}  // namespace volcanion::cli
