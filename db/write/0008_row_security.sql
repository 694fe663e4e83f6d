-- The second wall between partners. What a request asks of this store is asked as a role that sees the rows of the
-- partners that its transaction names, and no others, whatever the statement says. Committers, projection, directory and
-- jobs go on as the role that owns the tables, which is exempt (BYPASSRLS). The role of requests is called after that
-- one, so that two installations on one cluster have nothing in common; see Infrastructure/Postgres/RequestRole.h.

-- A judgement's partner, of its own: jobs are forgotten, judgements are not.
ALTER TABLE write.judgements ADD COLUMN partner_id uuid;
UPDATE write.judgements AS judgements
   SET partner_id = jobs.partner_id
  FROM write.background_jobs AS jobs
 WHERE jobs.job_id = judgements.job_id;
UPDATE write.judgements AS judgements
   SET partner_id = system.partner_id
  FROM write.tracking_events AS events
  JOIN write.partner_systems AS system USING (partner_system_id)
 WHERE judgements.partner_id IS NULL AND events.tracking_event_id = judgements.tracking_event_id;
CREATE FUNCTION write.name_judgements_partner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT partner_id INTO NEW.partner_id FROM write.background_jobs WHERE job_id = NEW.job_id;
  RETURN NEW;
END $$;
CREATE TRIGGER partner_named BEFORE INSERT ON write.judgements
  FOR EACH ROW EXECUTE FUNCTION write.name_judgements_partner();

-- Whose rows the transaction may touch; null: nobody's. After a transaction that had the setting, it is empty.
CREATE FUNCTION write.bound_partners() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('volcanion.partners', true), '')::uuid[]
$$;

ALTER TABLE write.partners ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.partners USING (partner_id = ANY (write.bound_partners()));
-- Who looks after all partners may list them.
CREATE POLICY listed ON write.partners FOR SELECT USING (current_setting('volcanion.lists_partners', true) = 'on');

ALTER TABLE write.partner_systems ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.partner_systems USING (partner_id = ANY (write.bound_partners()));

-- Those that belong to a system: what is looked up is under the policy of its own table.
ALTER TABLE write.api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.api_keys USING (
  EXISTS (SELECT FROM write.partner_systems AS system WHERE system.partner_system_id = api_keys.partner_system_id));
ALTER TABLE write.api_key_uses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.api_key_uses USING (
  EXISTS (SELECT FROM write.api_keys AS keys WHERE keys.api_key_id = api_key_uses.api_key_id));
ALTER TABLE write.renames ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.renames USING (
  EXISTS (SELECT FROM write.partner_systems AS system WHERE system.partner_system_id = renames.partner_system_id));

ALTER TABLE write.event_structures ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.event_structures USING (partner_id = ANY (write.bound_partners()));
ALTER TABLE write.audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.audit_log USING (partner_id = ANY (write.bound_partners()));
ALTER TABLE write.background_jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.background_jobs USING (partner_id = ANY (write.bound_partners()));
ALTER TABLE write.judgements ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.judgements USING (partner_id = ANY (write.bound_partners()));
ALTER TABLE write.service_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.service_tokens USING (partner_id = ANY (write.bound_partners()));
ALTER TABLE write.memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.memberships USING (partner_id = ANY (write.bound_partners()));
-- A person may belong to several partners: each sees its own members.
ALTER TABLE write.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON write.users FOR SELECT USING (
  EXISTS (SELECT FROM write.memberships AS member WHERE member.user_id = users.user_id));

-- Log-ins and links concern a person, whatever partners they belong to: that is asked as the role that owns the tables.
-- No policy lets anybody in who is not exempt.
ALTER TABLE write.sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE write.refresh_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE write.one_time_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE write.signing_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- No request reads or writes these, either.
ALTER TABLE write.tracking_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE write.event_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE write.rejected_payloads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE write.admin_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- The number grows with the change of a request, which may not touch it itself.
ALTER FUNCTION write.advance_directory_revision() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- What requests may do, table by table. A function, as rights are lost where a dump is restored for another owner:
-- `volcanion migrate` calls it when they are missing. A migration that adds a table for requests replaces it.
CREATE FUNCTION write.grant_rights_of_requests() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  request text := quote_ident(current_user || '_request');
BEGIN
  EXECUTE 'GRANT USAGE ON SCHEMA write TO ' || request;
  EXECUTE 'GRANT SELECT, INSERT, UPDATE ON write.partners, write.partner_systems, write.api_keys,
           write.event_structures, write.background_jobs, write.service_tokens TO ' || request;
  EXECUTE 'GRANT SELECT, UPDATE, DELETE ON write.memberships TO ' || request;
  EXECUTE 'GRANT SELECT (user_id, email) ON write.users TO ' || request;
  EXECUTE 'GRANT SELECT, INSERT ON write.audit_log TO ' || request;
  EXECUTE 'GRANT SELECT ON write.api_key_uses, write.judgements TO ' || request;
  -- A change of names is a batch: see PostgresRenames.cpp.
  EXECUTE 'GRANT INSERT ON write.renames, write.batches, write.outbox TO ' || request;
  EXECUTE 'GRANT USAGE ON SEQUENCE write.batch_ids TO ' || request;
END $$;
SELECT write.grant_rights_of_requests();
