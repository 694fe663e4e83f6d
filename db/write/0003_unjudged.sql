-- Whether the structure could not be applied to the event. Never together with is_valid.
ALTER TABLE write.tracking_events ADD COLUMN is_unjudged boolean NOT NULL DEFAULT false;
