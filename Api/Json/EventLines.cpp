#include "Api/Json/EventLines.h"

#include "Api/Json/EventJson.h"
#include "Api/Json/JsonText.h"

#include <algorithm>
#include <optional>

namespace volcanion::api {
namespace {

using application::EventRow;

/// JSON has line breaks between its tokens alone, where a space means the same.
void OnOneLine(std::string& json, std::size_t from) {
  std::replace_if(
      json.begin() + static_cast<std::ptrdiff_t>(from), json.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

/// What makes a formula of a cell (https://owasp.org/www-community/attacks/CSV_Injection), the full-width forms of the
/// signs included.
bool LooksLikeFormula(std::string_view text) {
  if (text.empty()) return false;
  if (std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos) return true;
  const auto first = text.substr(0, 3);
  return first == "\uFF1D" || first == "\uFF0B" || first == "\uFF0D" || first == "\uFF20";
}

class CsvRecord {
 public:
  CsvRecord(CsvCells cells, std::string& lines) : cells_(cells), lines_(lines) {}

  CsvRecord& Text(std::string_view text) {
    Separate();
    lines_.push_back('"');
    if (cells_ == CsvCells::kGuarded && (LooksLikeFormula(text) || text.starts_with('\''))) lines_.push_back('\'');
    for (const char c : text) {
      if (c == '"') lines_.push_back('"');
      lines_.push_back(c);
    }
    lines_.push_back('"');
    return *this;
  }
  CsvRecord& Optional(const std::optional<std::string>& text) { return text ? Text(*text) : Plain(""); }
  CsvRecord& Json(std::string_view json) {
    const auto begin = lines_.size();
    Text(json);
    OnOneLine(lines_, begin);
    return *this;
  }
  /// What has neither quotes nor commas, and is nobody's text.
  CsvRecord& Plain(std::string_view text) {
    Separate();
    lines_.append(text);
    return *this;
  }
  void End() { lines_.append("\r\n"); }

 private:
  void Separate() {
    if (!is_first_) lines_.push_back(',');
    is_first_ = false;
  }

  const CsvCells cells_;
  std::string& lines_;
  bool is_first_ = true;
};

}  // namespace

void AppendNdjson(const EventRow& event, std::string_view cursor, std::string& lines) {
  JsonText json;
  json.BeginObject();
  WriteEventMembers(json, event);
  json.Name("cursor").Text(cursor);
  json.EndObject();
  const auto begin = lines.size();
  lines.append(json.Take());
  OnOneLine(lines, begin);
  lines.push_back('\n');
}

std::string_view CsvHeader() {
  return "trackingEventId,partnerId,partnerName,partnerSystemId,partnerSystemName,eventId,eventName,eventTimestamp,"
         "userId,anonymousId,isValid,schemaVersion,verdict,validationErrors,properties,correlationId,createdAt,"
         "position,"
         "cursor\r\n";
}

void AppendCsv(const EventRow& event, std::string_view cursor, CsvCells cells, std::string& lines) {
  CsvRecord(cells, lines)
      .Plain(event.tracking_event_id.ToString())
      .Plain(event.partner_id.ToString())
      .Text(event.partner_name)
      .Plain(event.partner_system_id.ToString())
      .Text(event.partner_system_name)
      .Text(event.event_id)
      .Text(event.event_name)
      .Plain(domain::FormatRfc3339(event.event_timestamp))
      .Optional(event.user_id)
      .Optional(event.anonymous_id)
      .Plain(event.is_valid ? "true" : "false")
      .Plain(event.schema_version ? std::to_string(*event.schema_version) : "")
      .Plain(domain::ToString(domain::StoredOutcome(event.is_valid, event.is_unjudged)))
      .Json(event.validation_errors.empty() ? "[]" : std::string_view(event.validation_errors))
      .Json(event.properties)
      .Text(event.correlation_id)
      .Plain(domain::FormatRfc3339(event.created_at))
      .Plain(std::to_string(event.position))
      .Plain(cursor)
      .End();
}

}  // namespace volcanion::api
