-- Work that takes longer than a request: asked for by one process, done by whichever is free, gone on with by another
-- when that one dies.
CREATE TABLE write.background_jobs (
  job_id           uuid PRIMARY KEY, -- version 7: in the order of creation, to the millisecond
  partner_id       uuid NOT NULL REFERENCES write.partners,
  kind             text NOT NULL CHECK (kind IN ('impact', 'judge_again')),
  request          json NOT NULL,
  schema           json,             -- to judge by, as it was when the job was asked for; null when it has ended
  state            text NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  cancel_requested boolean NOT NULL DEFAULT false,
  done             bigint NOT NULL DEFAULT 0, -- events
  total            bigint,           -- about how many there are; null before that is known
  verdicts_changed bigint NOT NULL DEFAULT 0, -- in this store, counted by the transactions that changed them
  checkpoint       json,             -- where whoever takes the job over goes on; null when it has ended
  result           json,
  error            text,
  created_by       text NOT NULL,
  correlation_id   text NOT NULL,
  created_at       timestamptz NOT NULL,
  started_at       timestamptz,
  finished_at      timestamptz,
  heartbeat_at     timestamptz,
  runner           uuid,             -- who has it
  takeovers        integer NOT NULL DEFAULT 0
);
-- A partner's jobs, newest first.
CREATE INDEX jobs_of_partner ON write.background_jobs (partner_id, job_id);
-- Those to be done, the oldest first; few.
CREATE INDEX jobs_to_do ON write.background_jobs (created_at, job_id) WHERE state IN ('queued', 'running');
-- Those to be forgotten.
CREATE INDEX jobs_finished ON write.background_jobs (finished_at) WHERE finished_at IS NOT NULL;

-- A batch may hold new verdicts on events that are stored already. It adds no events to the ledger. Its row in the
-- outbox counts its judgements: a projection that does not know of them sets it aside.
ALTER TABLE write.batches
  ADD COLUMN kind            text NOT NULL DEFAULT 'events' CHECK (kind IN ('events', 'judgement')),
  ADD COLUMN judgement_count integer NOT NULL DEFAULT 0,
  DROP CONSTRAINT batches_event_count_check,
  ADD CONSTRAINT batches_counts_check CHECK (
    CASE kind WHEN 'events' THEN event_count > 0 AND judgement_count = 0
              ELSE event_count = 0 AND judgement_count > 0 END) NOT VALID; -- the older ones are: no scan of the ledger

-- The batch with the newest judgement of the event; null while the first verdict stands.
ALTER TABLE write.tracking_events ADD COLUMN judged_in bigint;

-- Every change of a verdict: what it was, and what it became. Append-only: the history of an event's verdicts.
CREATE TABLE write.judgements (
  batch_id              bigint NOT NULL,
  ordinal               integer NOT NULL,
  job_id                uuid NOT NULL,
  judged_at             timestamptz NOT NULL DEFAULT now(),
  tracking_event_id     uuid NOT NULL,
  event_created_at      timestamptz NOT NULL, -- tells the read store's partition
  was_valid             boolean NOT NULL,
  was_unjudged          boolean NOT NULL,
  was_schema_version    integer,
  was_validation_errors json,
  is_valid              boolean NOT NULL,
  is_unjudged           boolean NOT NULL,
  schema_version        integer,
  validation_errors     json,
  PRIMARY KEY (batch_id, ordinal)
);
-- One event's verdicts, and the first of them.
CREATE INDEX judgements_of_event ON write.judgements (tracking_event_id, batch_id);
