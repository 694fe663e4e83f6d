-- The program writes these in four statements and never decides by them: what a batch's rows are held against, when they
-- are projected, is the outbox's count. As constraints they were read from the catalog anew for every statement: a tenth
-- of a commit of a few events.
ALTER TABLE write.batches
  DROP CONSTRAINT batches_kind_check,
  DROP CONSTRAINT batches_counts_check;
COMMENT ON COLUMN write.batches.kind IS 'events, judgement, rename or duplicates: what its rows are';
