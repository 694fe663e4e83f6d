-- Whether the structure could not be applied to the event, as in the write store.
ALTER TABLE read.tracking_events_read_model ADD COLUMN is_unjudged boolean NOT NULL DEFAULT false;
-- How many of the row's events that is; they are counted in the row that is not valid.
ALTER TABLE read.event_counts ADD COLUMN unjudged bigint NOT NULL DEFAULT 0;
