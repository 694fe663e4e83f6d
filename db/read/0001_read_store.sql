-- The read store: denormalized rows for analysts, written by the projection alone. It may live in another database or on
-- another server than the write store; nothing joins across the two.

CREATE SCHEMA IF NOT EXISTS read;

-- Partitioned by the month of receipt, which our own clocks bound: partitioned by the event's time, one client with a
-- broken clock could ask for a partition per event. The projection makes a partition when it meets a new month.
-- `properties` is the exact text that was sent, as in the write store.
CREATE TABLE read.tracking_events_read_model (
  tracking_event_id   uuid NOT NULL,
  partner_id          uuid NOT NULL,
  partner_name        text NOT NULL,
  partner_system_id   uuid NOT NULL,
  partner_system_name text NOT NULL,
  event_id            text NOT NULL,
  event_name          text NOT NULL,
  event_timestamp     timestamptz NOT NULL,
  user_id             text,
  anonymous_id        text,
  is_valid            boolean NOT NULL,
  schema_version      integer,
  validation_errors   json,
  properties          json NOT NULL,
  properties_bytes    integer NOT NULL, -- so that a page can end at a byte limit without reading the texts
  correlation_id      text NOT NULL,
  created_at          timestamptz NOT NULL,
  batch_id            bigint NOT NULL,
  PRIMARY KEY (tracking_event_id, created_at) -- one event by its id; the id carries the month
) PARTITION BY RANGE (created_at);

-- Pages of a system's events, and those filtered by time only.
CREATE INDEX events_by_time ON read.tracking_events_read_model
  (partner_system_id, event_timestamp, tracking_event_id);
-- ... filtered by event name.
CREATE INDEX events_by_name ON read.tracking_events_read_model
  (partner_system_id, event_name, event_timestamp, tracking_event_id);
-- ... of one user.
CREATE INDEX events_by_user ON read.tracking_events_read_model
  (partner_system_id, user_id, event_timestamp, tracking_event_id) WHERE user_id IS NOT NULL;
-- ... of one anonymous visitor.
CREATE INDEX events_by_anonymous ON read.tracking_events_read_model
  (partner_system_id, anonymous_id, event_timestamp, tracking_event_id) WHERE anonymous_id IS NOT NULL;
-- ... that are invalid: few among many. The valid ones are found by time.
CREATE INDEX events_invalid ON read.tracking_events_read_model
  (partner_system_id, event_timestamp, tracking_event_id) WHERE NOT is_valid;

-- Roll-up: events by hour of their timestamp, system, name and verdict.
CREATE TABLE read.event_counts (
  partner_system_id uuid NOT NULL,
  hour              timestamptz NOT NULL,
  event_name        text NOT NULL,
  is_valid          boolean NOT NULL,
  partner_id        uuid NOT NULL,
  events            bigint NOT NULL,
  PRIMARY KEY (partner_system_id, hour, event_name, is_valid)
);

-- Once: a batch whose number stands here is in all the tables above, and is never applied again.
CREATE TABLE read.projected_batches (
  batch_id     bigint PRIMARY KEY,
  event_count  integer NOT NULL,
  projected_at timestamptz NOT NULL DEFAULT now()
);

-- What a read reflects: every event acknowledged before `instant` (by the write store's clock) is in this store.
CREATE TABLE read.freshness (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  position bigint NOT NULL,
  instant  timestamptz
);
INSERT INTO read.freshness (position, instant) VALUES (0, NULL);
