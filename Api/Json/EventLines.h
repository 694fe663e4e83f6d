#pragma once

#include "Application/Ports/EventReader.h"

#include <string>
#include <string_view>

namespace volcanion::api {

/// Appends an event as a line of NDJSON: the members of an event, and `cursor`. Line breaks between the tokens of the
/// properties become spaces.
void AppendNdjson(const application::EventRow& event, std::string_view cursor, std::string& lines);

/// How texts are written to CSV.
enum class CsvCells {
  /// One that a spreadsheet could take for a formula has an apostrophe in front, as has one that begins with an
  /// apostrophe: whoever takes one away has the text.
  kGuarded,
  kExact,
};

/// The names of the columns, as a line.
std::string_view CsvHeader();
/// Appends an event as a record of CSV (RFC 4180). Texts are quoted, also empty ones; what there is not is an empty
/// field without quotes. Properties and violations are JSON, on one line.
void AppendCsv(const application::EventRow& event, std::string_view cursor, CsvCells cells, std::string& lines);

}  // namespace volcanion::api
