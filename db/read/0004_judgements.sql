-- The batch with the judgement that the verdict comes from; null for the first verdict. Batches may arrive in any order:
-- an older judgement never replaces a newer one.
ALTER TABLE read.tracking_events_read_model ADD COLUMN judged_in bigint;
