#include "Cli/AuditCommands.h"

#include "Cli/ExitStatus.h"
#include "Cli/PercentEncoding.h"
#include "Cli/Table.h"

#include <iostream>
#include <utility>
#include <vector>

namespace volcanion::cli {

using domain::Result;

Result<int> ShowAudit(Remote& remote, const AuditQuestion& question) {
  auto id = FindPartner(remote, question.partner);
  if (!id) return std::move(id).error();
  auto target = "/api/partners/" + *id + "/audit";
  char separator = '?';
  const auto filter = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    target += separator + std::string(name) + "=" + UrlEncoded(value);
    separator = '&';
  };
  filter("actor", question.actor);
  filter("action", question.action);
  filter("target", question.target);
  filter("from", question.from);
  filter("to", question.to);
  const auto entries = remote.api.List(target, question.limit == 0 ? ApiClient::kAll : question.limit);
  if (!entries) return entries.error();
  if (!remote.json) {
    PrintList(*entries,
              {{"AT", "at"}, {"ACTOR", "actor"}, {"ACTION", "action"}, {"TARGET", "target"}, {"DETAILS", "details"}},
              false);
    return kSucceeded;
  }
  for (const auto& entry : *entries) std::cout << entry.text() << "\n";
  return kSucceeded;
}

}  // namespace volcanion::cli
