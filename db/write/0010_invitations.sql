-- A new member is written behind the second wall, like every other row of a partner.
CREATE OR REPLACE FUNCTION write.grant_rights_of_requests() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  request text := quote_ident(current_user || '_request');
BEGIN
  EXECUTE 'GRANT USAGE ON SCHEMA write TO ' || request;
  EXECUTE 'GRANT SELECT, INSERT, UPDATE ON write.partners, write.partner_systems, write.api_keys,
           write.event_structures, write.background_jobs, write.service_tokens TO ' || request;
  EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON write.memberships TO ' || request;
  EXECUTE 'GRANT SELECT (user_id, email) ON write.users TO ' || request;
  EXECUTE 'GRANT SELECT, INSERT ON write.audit_log TO ' || request;
  EXECUTE 'GRANT SELECT ON write.api_key_uses, write.judgements TO ' || request;
  -- A change of names is a batch: see PostgresRenames.cpp.
  EXECUTE 'GRANT INSERT ON write.renames, write.batches, write.outbox TO ' || request;
  EXECUTE 'GRANT USAGE ON SEQUENCE write.batch_ids TO ' || request;
END $$;
SELECT write.grant_rights_of_requests();
