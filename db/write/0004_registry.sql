-- What was done to a partner and what belongs to it, by whom. Append-only.
CREATE TABLE IF NOT EXISTS write.audit_log (
  audit_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at             timestamptz NOT NULL DEFAULT now(),
  partner_id     uuid,
  actor          text NOT NULL,
  action         text NOT NULL,
  target         text NOT NULL,
  correlation_id text NOT NULL,
  details        json
);
