#include "Api/Json/EventJson.h"

#include <string>

namespace volcanion::api {

void WriteEventMembers(JsonText& json, const application::EventRow& event) {
  json.Name("trackingEventId").Text(event.tracking_event_id.ToString());
  json.Name("partnerId").Text(event.partner_id.ToString());
  json.Name("partnerName").Text(event.partner_name);
  json.Name("partnerSystemId").Text(event.partner_system_id.ToString());
  json.Name("partnerSystemName").Text(event.partner_system_name);
  json.Name("eventId").Text(event.event_id);
  json.Name("eventName").Text(event.event_name);
  json.Name("eventTimestamp").Text(domain::FormatRfc3339(event.event_timestamp));
  json.Name("userId");
  WriteOptional(json, event.user_id);
  json.Name("anonymousId");
  WriteOptional(json, event.anonymous_id);
  json.Name("isValid").Boolean(event.is_valid);
  json.Name("schemaVersion");
  event.schema_version ? json.Integer(*event.schema_version) : json.Null();
  json.Name("verdict").Text(domain::ToString(domain::StoredOutcome(event.is_valid, event.is_unjudged)));
  json.Name("validationErrors").Raw(event.validation_errors.empty() ? "[]" : std::string_view(event.validation_errors));
  json.Name("properties").Raw(event.properties);
  json.Name("correlationId").Text(event.correlation_id);
  json.Name("createdAt").Text(domain::FormatRfc3339(event.created_at));
  json.Name("position").Text(std::to_string(event.position));
}

}  // namespace volcanion::api
