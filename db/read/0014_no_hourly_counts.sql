-- Counts by the hour are sums of the quarters of an hour in read.day_counts.
CREATE OR REPLACE FUNCTION read.grant_rights_of_requests() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  request text := quote_ident(current_user || '_request');
BEGIN
  EXECUTE 'GRANT USAGE ON SCHEMA read TO ' || request;
  EXECUTE 'GRANT SELECT ON read.tracking_events_read_model, read.unknown_events, read.changed_days, read.freshness,
           read.identity, read.count_additions, read.day_counts, read.user_sketches, read.hour_user_sketches TO '
          || request;
END $$;
DROP TABLE read.event_counts;
