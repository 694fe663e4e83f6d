-- The write store: who may send, what was sent, and what is not projected yet.

CREATE SCHEMA IF NOT EXISTS write;

CREATE TABLE write.partners (
  partner_id uuid PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  is_active  boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL
);

CREATE TABLE write.partner_systems (
  partner_system_id uuid PRIMARY KEY,
  partner_id        uuid NOT NULL REFERENCES write.partners,
  name              text NOT NULL,
  invalid_events    text NOT NULL CHECK (invalid_events IN ('observe', 'flag', 'reject')),
  is_active         boolean NOT NULL DEFAULT true,
  created_at        timestamptz NOT NULL,
  UNIQUE (partner_id, name)
);

CREATE TABLE write.api_keys (
  api_key_id        uuid PRIMARY KEY,
  partner_system_id uuid NOT NULL REFERENCES write.partner_systems,
  name              text NOT NULL,
  prefix            text NOT NULL,
  key_hash          bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32), -- SHA-256 of the key
  created_at        timestamptz NOT NULL,
  expires_at        timestamptz,
  revoked_at        timestamptz
);

CREATE TABLE write.admin_tokens (
  token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32), -- SHA-256 of the token
  name       text NOT NULL,
  prefix     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

CREATE TABLE write.event_structures (
  structure_id uuid PRIMARY KEY,
  partner_id   uuid NOT NULL REFERENCES write.partners,
  event_name   text NOT NULL,
  version      integer NOT NULL CHECK (version >= 1),
  schema       json NOT NULL, -- the text as given: jsonb would reorder it
  state        text NOT NULL CHECK (state IN ('draft', 'active', 'retired')),
  created_at   timestamptz NOT NULL,
  UNIQUE (partner_id, event_name, version)
);

-- One number that grows with every change of the tables above. The row lock makes changes commit in the order of their
-- numbers: who sees a number sees every change up to it.
CREATE TABLE write.directory_revision (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  revision bigint NOT NULL
);
INSERT INTO write.directory_revision (revision) VALUES (1);

CREATE FUNCTION write.advance_directory_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE write.directory_revision SET revision = revision + 1;
  RETURN NULL;
END $$;

CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.partners
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.partner_systems
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.api_keys
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.admin_tokens
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.event_structures
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();

-- The ledger: one row per transaction that stored events, kept for ever, to hold against what was projected. Its number
-- is the position that clients get. Numbers are handed out before COMMIT: they may become visible out of order.
CREATE SEQUENCE write.batch_ids;
CREATE TABLE write.batches (
  batch_id     bigint PRIMARY KEY,
  event_count  integer NOT NULL CHECK (event_count > 0),
  byte_count   bigint NOT NULL, -- of its rows
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp() -- a moment before the commit
);

-- Append-only. No foreign keys: they would cost a look-up per row. The batch is written by the same transaction; that the
-- system is there is checked by the projection, which sets a batch aside whose events it cannot all join. `properties` is json, not jsonb: the exact text that was sent, \u0000 and
-- duplicate keys included.
CREATE TABLE write.tracking_events (
  batch_id          bigint NOT NULL,
  ordinal           integer NOT NULL,
  tracking_event_id uuid NOT NULL,
  partner_system_id uuid NOT NULL,
  event_id          text NOT NULL,
  event_name        text NOT NULL,
  event_timestamp   timestamptz NOT NULL,
  user_id           text,
  anonymous_id      text,
  is_valid          boolean NOT NULL,
  schema_version    integer,
  validation_errors json, -- array of {pointer, keyword, message}; null when there are none
  properties        json NOT NULL,
  correlation_id    text NOT NULL,
  traceparent       text,
  created_at        timestamptz NOT NULL,
  PRIMARY KEY (batch_id, ordinal)
);

-- Once: the same id from the same system is stored once. Apart from the events, so that those can be partitioned.
CREATE TABLE write.event_keys (
  partner_system_id uuid NOT NULL,
  event_id          text NOT NULL,
  content_hash      bytea NOT NULL, -- tells a repetition from a conflict
  batch_id          bigint NOT NULL,
  ordinal           integer NOT NULL,
  PRIMARY KEY (partner_system_id, event_id)
);

-- The batches that are not projected yet, written in the transaction of the batch. Small and busy: vacuumed early.
CREATE TABLE write.outbox (
  batch_id    bigint PRIMARY KEY,
  event_count integer NOT NULL,
  byte_count  bigint NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now() -- not after the commit: bounds the lag from above
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_created_at ON write.outbox (created_at); -- how old is the oldest: the lag of every read

-- Batches that the projection gave up on; `volcanion sync --retry-set-aside` puts them back.
CREATE TABLE write.set_aside_batches (
  batch_id     bigint PRIMARY KEY,
  event_count  integer NOT NULL,
  byte_count   bigint NOT NULL,
  reason       text NOT NULL,
  set_aside_at timestamptz NOT NULL DEFAULT now()
);

-- What could not be stored as an event, as the bytes that came.
CREATE TABLE write.rejected_payloads (
  rejected_payload_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  partner_system_id   uuid NOT NULL,
  api_key_id          uuid NOT NULL,
  correlation_id      text NOT NULL,
  reasons             json NOT NULL, -- array of {pointer, code, message}
  body                bytea NOT NULL,
  received_at         timestamptz NOT NULL
);
