#include "Cli/Table.h"

#include "Application/Utf8.h"

#include <algorithm>
#include <iostream>
#include <utility>

namespace volcanion::cli {
namespace {

constexpr std::size_t kGap = 2;

/// Columns of a terminal, taken to be one for each character.
std::size_t WidthOf(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string CellOf(const JsonObject& object, const Column& column) {
  const auto text = object.Text(column.member);
  return text.empty() ? "-" : text;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const auto length = application::Utf8Length(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool is_c1 = length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    if (length == 0 || is_c1 || first < 0x20 || first == 0x7f) {
      printable += '?';
    } else {
      printable.append(text, 0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return printable;
}

void Table::Add(std::vector<std::string> cells) {
  for (auto& cell : cells) cell = Printable(cell);
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] - WidthOf(row[i]) + kGap, ' ');
    }
    out << "\n";
  }
}

void PrintList(const std::vector<JsonObject>& items, const std::vector<Column>& columns, bool json) {
  if (json) {
    std::cout << "[";
    for (std::size_t i = 0; i < items.size(); ++i) std::cout << (i == 0 ? "" : ",") << items[i].text();
    std::cout << "]\n";
    return;
  }
  std::vector<std::string> headings;
  for (const auto& column : columns) headings.emplace_back(column.heading);
  Table table(std::move(headings));
  for (const auto& item : items) {
    std::vector<std::string> cells;
    for (const auto& column : columns) cells.push_back(CellOf(item, column));
    table.Add(std::move(cells));
  }
  table.Print(std::cout);
}

void PrintOne(const JsonObject& object, const std::vector<Column>& columns, bool json) {
  if (json) {
    std::cout << object.text() << "\n";
    return;
  }
  std::size_t width = 0;
  for (const auto& column : columns) width = std::max(width, WidthOf(column.heading));
  for (const auto& column : columns) {
    std::cout << column.heading << std::string(width - WidthOf(column.heading) + kGap, ' ')
              << Printable(CellOf(object, column)) << "\n";
  }
}

}  // namespace volcanion::cli
