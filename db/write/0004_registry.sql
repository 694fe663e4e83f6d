-- The registry of structures: those of one system, the life of a version, what partners demand of a new one, and who
-- changed what.

ALTER TABLE write.partners
  ADD COLUMN compatibility text NOT NULL DEFAULT 'backward'
    CHECK (compatibility IN ('backward', 'forward', 'full', 'none'));

-- For the reference below: a structure of one system belongs to that system's partner.
ALTER TABLE write.partner_systems ADD UNIQUE (partner_id, partner_system_id);

ALTER TABLE write.event_structures
  ADD COLUMN partner_system_id uuid, -- null: of all systems of the partner
  ADD COLUMN revision          integer NOT NULL DEFAULT 1, -- grows with every change of the version
  ADD COLUMN activated_at      timestamptz,
  ADD COLUMN retired_at        timestamptz,
  ADD FOREIGN KEY (partner_id, partner_system_id) REFERENCES write.partner_systems (partner_id, partner_system_id),
  DROP CONSTRAINT event_structures_partner_id_event_name_version_key,
  ADD UNIQUE NULLS NOT DISTINCT (partner_id, event_name, partner_system_id, version);
UPDATE write.event_structures SET activated_at = created_at WHERE state = 'active';

-- Pages of a partner's structures: the partner's own before those of systems, the newest version first.
CREATE INDEX structures_listed ON write.event_structures
  (partner_id, event_name, coalesce(partner_system_id, '00000000-0000-0000-0000-000000000000'), (-version));

-- Who changed what, written in the transaction of the change.
CREATE TABLE write.audit_log (
  audit_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at             timestamptz NOT NULL DEFAULT now(),
  partner_id     uuid,
  actor          text NOT NULL,
  action         text NOT NULL,
  target         text NOT NULL,
  correlation_id text NOT NULL,
  details        json
);
CREATE INDEX audit_log_of_partner ON write.audit_log (partner_id, audit_id); -- a partner's entries, the newest first

CREATE FUNCTION write.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is only ever added to', TG_TABLE_SCHEMA, TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON write.audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION write.refuse_change();
