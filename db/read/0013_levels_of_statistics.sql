-- Statistics are read at the coarsest level that tells apart what is asked for. Beside the rows of a system and an event
-- name, the roll-ups have rows of all names, with the name '', and rows of the whole partner, with the partner's id in the
-- place of a system's: a month of a partner by the hour is thirty rows instead of thousands.

-- Sketches of the users of an hour, of all names: for ranges that begin or end within a day.
CREATE TABLE read.hour_user_sketches (
  partner_system_id uuid NOT NULL, -- or the partner's id
  hour              timestamptz NOT NULL,
  partner_id        uuid NOT NULL,
  sketch            bytea NOT NULL,
  PRIMARY KEY (partner_system_id, hour)
) WITH (fillfactor = 70);
ALTER TABLE read.hour_user_sketches ALTER COLUMN sketch SET STORAGE EXTERNAL;
ALTER TABLE read.hour_user_sketches ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_bound_partners ON read.hour_user_sketches
  USING (partner_id = ANY ((SELECT read.bound_partners())::uuid[]));

CREATE OR REPLACE FUNCTION read.grant_rights_of_requests() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  request text := quote_ident(current_user || '_request');
BEGIN
  EXECUTE 'GRANT USAGE ON SCHEMA read TO ' || request;
  EXECUTE 'GRANT SELECT ON read.tracking_events_read_model, read.event_counts, read.unknown_events, read.changed_days,
           read.freshness, read.identity, read.count_additions, read.day_counts, read.user_sketches,
           read.hour_user_sketches TO ' || request;
END $$;
SELECT read.grant_rights_of_requests();

-- What is there is counted anew, as additions, which workers fold into all levels. Nobody adds anything meanwhile.
LOCK TABLE read.count_additions IN EXCLUSIVE MODE;

-- Repetitions are not among the events: they are taken from the roll-ups and from what waits to be folded.
CREATE FUNCTION pg_temp.duplicates_of_day(quarters bytea) RETURNS TABLE (quarter integer, duplicates bigint)
LANGUAGE plpgsql AS $$
DECLARE
  at integer := 0;
  still integer;
  present integer;
  value bigint;
  shift integer;
BEGIN
  WHILE at < octet_length(quarters) LOOP
    still := get_byte(quarters, at);
    at := at + 1;
    WHILE still > 0 LOOP
      quarter := get_byte(quarters, at);
      present := get_byte(quarters, at + 1);
      at := at + 2;
      FOR which IN 0..3 LOOP
        CONTINUE WHEN (present >> which) & 1 = 0;
        value := 0;
        shift := 0;
        LOOP
          value := value | ((get_byte(quarters, at) & 127)::bigint << shift);
          shift := shift + 7;
          at := at + 1;
          EXIT WHEN get_byte(quarters, at - 1) < 128;
        END LOOP;
        IF which = 3 THEN
          duplicates := (value >> 1) # -(value & 1);
          RETURN NEXT;
        END IF;
      END LOOP;
      still := still - 1;
    END LOOP;
  END LOOP;
END $$;

CREATE FUNCTION pg_temp.integer_at(bytes bytea, at integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT ('x' || encode(substring(bytes FROM at + 1 FOR 4), 'hex'))::bit(32)::integer
$$;
CREATE FUNCTION pg_temp.duplicates_of_cells(stored bytea)
RETURNS TABLE (system uuid, quarter integer, name text, duplicates bigint) LANGUAGE plpgsql AS $$
DECLARE
  cells bytea := stored || ''; -- in memory
  at integer := 0;
  size integer;
BEGIN
  WHILE at < octet_length(cells) LOOP
    system := encode(substring(cells FROM at + 1 FOR 16), 'hex')::uuid;
    quarter := pg_temp.integer_at(cells, at + 16);
    size := get_byte(cells, at + 20) * 256 + get_byte(cells, at + 21);
    name := convert_from(substring(cells FROM at + 23 FOR size), 'UTF8');
    at := at + 22 + size;
    duplicates := pg_temp.integer_at(cells, at + 12);
    IF duplicates <> 0 THEN
      RETURN NEXT;
    END IF;
    at := at + 28 + 3 * pg_temp.integer_at(cells, at + 24);
  END LOOP;
END $$;

CREATE TEMP TABLE duplicates ON COMMIT DROP AS
SELECT partner_id, partner_system_id AS system, event_name AS name, of_day.duplicates,
       (day - '1970-01-01'::date) * 96 + of_day.quarter AS quarter
  FROM read.day_counts CROSS JOIN LATERAL pg_temp.duplicates_of_day(quarters) AS of_day
 WHERE day_counts.duplicates <> 0
UNION ALL
SELECT partner_id, of_cell.system, of_cell.name, of_cell.duplicates, of_cell.quarter
  FROM read.count_additions CROSS JOIN LATERAL pg_temp.duplicates_of_cells(cells) AS of_cell;

DELETE FROM read.count_additions;
DELETE FROM read.day_counts;
DELETE FROM read.user_sketches;

INSERT INTO read.count_additions (partner_id, first_day, last_day, cell_count, cells)
SELECT partner_id, day, day, count(*),
       string_agg(uuid_send(system) || int4send(quarter) || int2send(octet_length(name)::smallint)
                  || convert_to(name, 'UTF8') || int4send(0) || int4send(0) || int4send(0) || int4send(duplicates)
                  || int4send(1) || int4send(0) || int4send(0), '') -- no first and no last event, no users
  FROM (SELECT partner_id, system, name, quarter, '1970-01-01'::date + floor(quarter / 96.0)::integer AS day,
               sum(duplicates)::integer AS duplicates
          FROM duplicates GROUP BY 1, 2, 3, 4) AS cells
 GROUP BY partner_id, day;

-- The events, as when they were first counted: an entry of a sketch as UserSketch.h has it.
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
DROP FUNCTION pg_temp.user_entry(text), pg_temp.duplicates_of_day(bytea), pg_temp.duplicates_of_cells(bytea),
              pg_temp.integer_at(bytea, integer);
