-- A verdict that could not be reached within its budget: not valid, and not found wrong either.
ALTER TABLE read.tracking_events_read_model ADD COLUMN is_unjudged boolean NOT NULL DEFAULT false;
ALTER TABLE read.event_counts ADD COLUMN unjudged bigint NOT NULL DEFAULT 0; -- how many of `events`
