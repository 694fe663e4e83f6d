-- Repetitions of events are answered and not stored: they are counted here, in the transaction that answers them. A
-- batch may hold such counts, and nothing else, so that events never wait for a projection that does not know of them.
-- Its row in the outbox counts the rows below.
ALTER TABLE write.batches
  ADD COLUMN duplicate_count integer NOT NULL DEFAULT 0, -- rows of write.duplicate_counts
  DROP CONSTRAINT batches_kind_check,
  DROP CONSTRAINT batches_counts_check,
  ADD CONSTRAINT batches_kind_check CHECK (kind IN ('events', 'judgement', 'rename', 'duplicates')) NOT VALID,
  ADD CONSTRAINT batches_counts_check CHECK (
    CASE kind WHEN 'events' THEN event_count > 0 AND judgement_count = 0 AND rename_count = 0 AND duplicate_count = 0
              WHEN 'judgement' THEN event_count = 0 AND judgement_count > 0 AND rename_count = 0 AND duplicate_count = 0
              WHEN 'rename' THEN event_count = 0 AND judgement_count = 0 AND rename_count > 0 AND duplicate_count = 0
              ELSE event_count = 0 AND judgement_count = 0 AND rename_count = 0 AND duplicate_count > 0 END)
    NOT VALID; -- no scan of the ledger

-- How many events of a name a system has sent again, by the quarter of an hour of their time.
CREATE TABLE write.duplicate_counts (
  batch_id          bigint NOT NULL,
  ordinal           integer NOT NULL,
  partner_system_id uuid NOT NULL,
  event_name        text NOT NULL,
  quarter           timestamptz NOT NULL,
  duplicates        integer NOT NULL,
  PRIMARY KEY (batch_id, ordinal)
);
-- No request reads or writes it.
ALTER TABLE write.duplicate_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
