-- A verdict that could not be reached within its budget: not valid, and not found wrong either.
ALTER TABLE write.tracking_events ADD COLUMN is_unjudged boolean NOT NULL DEFAULT false;
