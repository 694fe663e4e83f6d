-- Roll-up: events that no structure has judged, by name and system, as they were received. Counted for ever; whether a
-- structure describes the name by now is for the reader to say.
CREATE TABLE read.unknown_events (
  partner_id        uuid NOT NULL,
  event_name        text NOT NULL,
  partner_system_id uuid NOT NULL,
  events            bigint NOT NULL,
  first_seen        timestamptz NOT NULL,
  last_seen         timestamptz NOT NULL,
  PRIMARY KEY (partner_id, event_name, partner_system_id) -- pages of a partner's names
);
INSERT INTO read.unknown_events (partner_id, event_name, partner_system_id, events, first_seen, last_seen)
SELECT partner_id, event_name, partner_system_id, count(*), min(created_at), max(created_at)
  FROM read.tracking_events_read_model
 WHERE schema_version IS NULL
 GROUP BY partner_id, event_name, partner_system_id;
