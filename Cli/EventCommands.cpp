#include "Cli/EventCommands.h"

#include "Cli/ExitStatus.h"
#include "Cli/PercentEncoding.h"
#include "Cli/WholeRecords.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iostream>
#include <system_error>
#include <thread>
#include <utility>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Result;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{500}, kLongestPause{30'000};

/// The question up to what changes from one attempt to the next.
Result<std::string> TargetOf(Remote& remote, const EventExportOptions& options) {
  auto id = options.system.empty() ? FindPartner(remote, options.partner)
                                   : FindSystem(remote, options.partner, options.system);
  if (!id) return id;
  auto target = (options.system.empty() ? "/api/events/partner/" : "/api/events/partner-system/") + *id +
                "/export?format=" + UrlEncoded(options.format);
  for (const auto& parameter : options.where) {
    const auto equals = std::min(parameter.find('='), parameter.size());
    target += "&" + UrlEncoded(std::string_view(parameter).substr(0, equals));
    if (equals < parameter.size()) target += "=" + UrlEncoded(std::string_view(parameter).substr(equals + 1));
  }
  return target;
}

std::string TargetOf(const std::string& question, const EventExportOptions& options, const WholeRecords& records) {
  auto target = question;
  const auto& cursor = records.cursor().empty() ? options.cursor : records.cursor();
  if (!cursor.empty()) target += "&cursor=" + UrlEncoded(cursor);
  if (options.limit != 0) target += "&limit=" + std::to_string(options.limit - records.count());
  if (options.format == "csv") target += records.awaits_header() ? "&header=true" : "&header=false";
  return target;
}

/// With how to get what is missing.
Error WithRest(Error error, const WholeRecords& records) {
  if (records.count() == 0) return error;
  error.message += " " + std::to_string(records.count()) + " events were written; --cursor " + records.cursor() +
                   " begins behind them.";
  return error;
}

}  // namespace

Result<int> ExportEvents(Remote& remote, const EventExportOptions& options) {
  const auto question = TargetOf(remote, options);
  if (!question) return question.error();
  std::ofstream file;
  if (!options.output.empty()) {
    file.open(options.output, std::ios::binary | std::ios::trunc);
    if (!file) return Error{ErrorKind::kInvalid, options.output + ": " + std::generic_category().message(errno) + "."};
  }
  std::ostream& out = options.output.empty() ? std::cout : file;
  const bool is_csv = options.format == "csv";
  WholeRecords records(is_csv ? WholeRecords::Format::kCsv : WholeRecords::Format::kNdjson,
                       is_csv && options.cursor.empty(), out);
  auto pause = kFirstPause;
  int failures = 0;
  while (options.limit == 0 || records.count() < options.limit) {
    const auto before = records.count();
    const auto ended = remote.api.Download(TargetOf(*question, options, records),
                                           [&](std::string_view bytes) { return records.Take(bytes); });
    records.Forget();
    if (!out.flush()) return Error{ErrorKind::kUnavailable, "What was exported cannot be written."};
    if (ended) return kSucceeded;
    if (records.count() > before) {
      failures = 0;
      pause = kFirstPause;
    }
    if (ended.error().kind != ErrorKind::kUnavailable || ++failures > options.retries) {
      return WithRest(ended.error(), records);
    }
    std::cerr << "volcanion: " << ended.error().message << " Going on behind " << records.count() << " events.\n";
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  return kSucceeded;
}

}  // namespace volcanion::cli
