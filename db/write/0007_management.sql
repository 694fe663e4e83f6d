-- Management over HTTP: revisions for If-Match, kinds of keys and when they were last used, renames for the read store,
-- and what the audit log says more.

ALTER TABLE write.partners ADD COLUMN revision integer NOT NULL DEFAULT 1; -- grows with every change
ALTER TABLE write.partner_systems ADD COLUMN revision integer NOT NULL DEFAULT 1;

ALTER TABLE write.api_keys
  ADD COLUMN environment text NOT NULL DEFAULT 'live' CHECK (environment IN ('live', 'test'));
-- A system's keys, in the order in which they were made.
CREATE INDEX keys_of_system ON write.api_keys (partner_system_id, api_key_id);

-- About when a key was last used. Apart from the keys: a change of those has every process load them anew.
CREATE TABLE write.api_key_uses (
  api_key_id   uuid PRIMARY KEY REFERENCES write.api_keys,
  last_used_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- A batch may also hold new names, for rows that are projected already. It adds no events to the ledger. Its row in the
-- outbox counts its names: a projection that does not know of them sets it aside.
ALTER TABLE write.batches
  ADD COLUMN rename_count integer NOT NULL DEFAULT 0,
  DROP CONSTRAINT batches_kind_check,
  DROP CONSTRAINT batches_counts_check,
  ADD CONSTRAINT batches_kind_check CHECK (kind IN ('events', 'judgement', 'rename')) NOT VALID,
  ADD CONSTRAINT batches_counts_check CHECK (
    CASE kind WHEN 'events' THEN event_count > 0 AND judgement_count = 0 AND rename_count = 0
              WHEN 'judgement' THEN event_count = 0 AND judgement_count > 0 AND rename_count = 0
              ELSE event_count = 0 AND judgement_count = 0 AND rename_count > 0 END) NOT VALID; -- no scan of the ledger

-- What a system and its partner are called since a batch; when a partner is renamed, a row for each of its systems.
CREATE TABLE write.renames (
  batch_id            bigint NOT NULL,
  partner_system_id   uuid NOT NULL REFERENCES write.partner_systems,
  partner_name        text NOT NULL,
  partner_system_name text NOT NULL,
  renamed_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (batch_id, partner_system_id)
);

ALTER TABLE write.audit_log
  ADD COLUMN client_address text, -- null: not over HTTP
  ADD COLUMN target_id      uuid,
  ADD COLUMN before         json, -- what was changed, as it was; null for what is new
  ADD COLUMN after          json; -- and as it became
