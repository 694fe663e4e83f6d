-- Statistics: what is counted by quarter of an hour, so that it can be added up for the hours and days of every time
-- zone, and sketches of how many users there were.

-- What a transaction of the projection adds: one row for each partner, which costs ingestion next to nothing. Workers fold
-- many of them at a time into the tables below; until then they count beside those. The cells are written as
-- Infrastructure/Postgres/CountCells.h says.
CREATE TABLE read.count_additions (
  partner_id  uuid NOT NULL,
  addition_id bigint GENERATED ALWAYS AS IDENTITY,
  first_day   date NOT NULL, -- of its cells, in UTC
  last_day    date NOT NULL,
  cell_count  integer NOT NULL,
  cells       bytea NOT NULL,
  PRIMARY KEY (partner_id, addition_id) -- those of a partner, the oldest first
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);
ALTER TABLE read.count_additions ALTER COLUMN cells SET STORAGE EXTERNAL; -- compressing it would cost more than it saves

-- Roll-up: events by day of their timestamp (in UTC), system and name. A row holds its quarters of an hour, too
-- (Infrastructure/Postgres/QuarterCounts.h): a row for each of those would be read a hundred times as long.
CREATE TABLE read.day_counts (
  partner_system_id uuid NOT NULL,
  day               date NOT NULL,
  event_name        text NOT NULL,
  partner_id        uuid NOT NULL,
  valid             bigint NOT NULL,
  invalid           bigint NOT NULL, -- without the unjudged ones
  unjudged          bigint NOT NULL,
  duplicates        bigint NOT NULL,
  first_at          timestamptz,     -- null for who has sent nothing but duplicates that day
  last_at           timestamptz,
  quarters          bytea NOT NULL,
  PRIMARY KEY (partner_system_id, day, event_name)
) WITH (fillfactor = 70);
ALTER TABLE read.day_counts ALTER COLUMN quarters SET STORAGE EXTERNAL;

-- Sketches of the users (user_id) of a day, of one event name or, with the name '', of all
-- (Infrastructure/Postgres/UserSketch.h). Sketches are merged into that of a range.
CREATE TABLE read.user_sketches (
  partner_system_id uuid NOT NULL,
  event_name        text NOT NULL,
  day               date NOT NULL,
  partner_id        uuid NOT NULL,
  sketch            bytea NOT NULL,
  PRIMARY KEY (partner_system_id, event_name, day)
) WITH (fillfactor = 70);
ALTER TABLE read.user_sketches ALTER COLUMN sketch SET STORAGE EXTERNAL;

-- The policies find out once for a statement, not for each row, whose rows may be seen.
ALTER TABLE read.count_additions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON read.count_additions
  USING (partner_id = ANY ((SELECT read.bound_partners())::uuid[]));
ALTER TABLE read.day_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON read.day_counts USING (partner_id = ANY ((SELECT read.bound_partners())::uuid[]));
ALTER TABLE read.user_sketches ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON read.user_sketches USING (partner_id = ANY ((SELECT read.bound_partners())::uuid[]));

CREATE OR REPLACE FUNCTION read.grant_rights_of_requests() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  request text := quote_ident(current_user || '_request');
BEGIN
  EXECUTE 'GRANT USAGE ON SCHEMA read TO ' || request;
  EXECUTE 'GRANT SELECT ON read.tracking_events_read_model, read.event_counts, read.unknown_events, read.changed_days,
           read.freshness, read.identity, read.count_additions, read.day_counts, read.user_sketches TO ' || request;
END $$;
SELECT read.grant_rights_of_requests();

-- Events that are here already, as additions: a row for each partner and day. Repetitions were not counted before.
-- An entry of a sketch, as UserSketch.h has it: twelve bits of the SHA-256 say which register, the place of the first
-- one among the 52 that follow what it holds.
CREATE FUNCTION pg_temp.user_entry(user_id text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT substring(int4send(substring(bits, 1, 12)::bit(12)::integer * 64 + strpos(substring(bits, 13) || '1', '1')) FROM 2)
    FROM (SELECT ('x' || left(encode(sha256(convert_to(user_id, 'UTF8')), 'hex'), 16))::bit(64)::text AS bits) AS hashed
$$;
INSERT INTO read.count_additions (partner_id, first_day, last_day, cell_count, cells)
SELECT partner_id, day, day, count(*),
       string_agg(uuid_send(partner_system_id) || int4send(quarter) || int2send(octet_length(event_name)::smallint)
                  || convert_to(event_name, 'UTF8') || int4send(valid) || int4send(invalid) || int4send(unjudged)
                  || int4send(0) || int4send(first_at) || int4send(last_at)
                  || int4send(octet_length(users) / 3) || users, '')
  FROM (SELECT partner_id, partner_system_id, event_name, day, quarter,
               count(*) FILTER (WHERE is_valid)::integer AS valid,
               count(*) FILTER (WHERE NOT is_valid AND NOT is_unjudged)::integer AS invalid,
               count(*) FILTER (WHERE is_unjudged)::integer AS unjudged,
               min(micros)::integer AS first_at, max(micros)::integer AS last_at,
               coalesce(string_agg(DISTINCT pg_temp.user_entry(user_id), ''), '') AS users
          FROM (SELECT *, (event_timestamp AT TIME ZONE 'UTC')::date AS day,
                       floor(extract(epoch FROM event_timestamp) / 900)::integer AS quarter,
                       mod(mod((extract(epoch FROM event_timestamp) * 1000000)::bigint, 900000000) + 900000000, 900000000)
                         AS micros
                  FROM read.tracking_events_read_model) AS events
         GROUP BY partner_id, partner_system_id, event_name, day, quarter) AS cells
 GROUP BY partner_id, day;
DROP FUNCTION pg_temp.user_entry(text);
