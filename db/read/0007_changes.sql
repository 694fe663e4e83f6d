-- How often the events of a day (of their timestamps, in UTC) have changed: a batch that brings events of that day, or
-- new verdicts on them, counts one, and so does a step that gives them new names. Answers about days with the same
-- counts are the same. Most of the changes are of few rows: room is left for their new versions.
CREATE TABLE read.changed_days (
  partner_id uuid NOT NULL,
  day        date NOT NULL,
  changes    bigint NOT NULL,
  PRIMARY KEY (partner_id, day) -- the changes of a range of days
) WITH (fillfactor = 50);

-- Which read store this is: the counts of another one begin anew.
CREATE TABLE read.identity (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  store_id uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO read.identity DEFAULT VALUES;
