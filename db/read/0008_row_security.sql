-- The second wall between partners, as in the write store: requests ask as a role that sees the rows of the partners that
-- its transaction names, and no others.

-- Whose rows the transaction may touch; null: nobody's. After a transaction that had the setting, it is empty.
CREATE FUNCTION read.bound_partners() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('volcanion.partners', true), '')::uuid[]
$$;

-- For the events. The planner would take the comparison itself for a filter that leaves few of a system's rows, and
-- prefer reading and sorting them all to walking along an index; into this function it cannot look.
CREATE FUNCTION read.is_bound(partner uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN partner = ANY (read.bound_partners());
END $$;

ALTER TABLE read.tracking_events_read_model ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON read.tracking_events_read_model USING (read.is_bound(partner_id));
ALTER TABLE read.event_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON read.event_counts USING (partner_id = ANY (read.bound_partners()));
ALTER TABLE read.unknown_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON read.unknown_events USING (partner_id = ANY (read.bound_partners()));
ALTER TABLE read.changed_days ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON read.changed_days USING (partner_id = ANY (read.bound_partners()));

-- No request reads it: no policy lets anybody in who is not exempt.
ALTER TABLE read.system_names ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Requests only read. They come to the events through the table, never to a partition. A function, as in the write
-- store.
CREATE FUNCTION read.grant_rights_of_requests() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  request text := quote_ident(current_user || '_request');
BEGIN
  EXECUTE 'GRANT USAGE ON SCHEMA read TO ' || request;
  EXECUTE 'GRANT SELECT ON read.tracking_events_read_model, read.event_counts, read.unknown_events, read.changed_days,
           read.freshness, read.identity TO ' || request;
END $$;
SELECT read.grant_rights_of_requests();
