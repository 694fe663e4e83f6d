#pragma once

#include "Cli/JsonObject.h"

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::cli {

/// Text of a server as a terminal may show it: control characters, which could move its cursor, become "?".
std::string Printable(std::string_view text);

/// Rows of texts in columns that are as wide as they need to be.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : rows_{std::move(headings)} {}

  /// As many cells as there are headings.
  void Add(std::vector<std::string> cells);
  void Print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the headings first
};

/// What is shown of an object: a heading, and the member below it.
struct Column {
  const char* heading;
  const char* member;
};

/// Prints to stdout: a table, or with `json` an array of all that the objects have.
void PrintList(const std::vector<JsonObject>& items, const std::vector<Column>& columns, bool json);
/// Likewise a line for each column, or the object.
void PrintOne(const JsonObject& object, const std::vector<Column>& columns, bool json);

}  // namespace volcanion::cli
