-- The batch with the judgement that the verdict comes from; null for the first verdict. Batches may arrive in any order:
-- an older judgement never replaces a newer one.
ALTER TABLE read.tracking_events_read_model ADD COLUMN judged_in bigint;

-- Pages of the invalid events of one name: without it, the last page of a rare name looks through those of all others.
CREATE INDEX events_invalid_by_name ON read.tracking_events_read_model
  (partner_system_id, event_name, event_timestamp, tracking_event_id) WHERE NOT is_valid;
