-- What systems and their partners are called, where that was ever changed: events that come get these names, and those
-- that are here get them step by step.
CREATE TABLE read.system_names (
  partner_system_id   uuid PRIMARY KEY,
  partner_name        text NOT NULL,
  partner_system_name text NOT NULL,
  batch_id            bigint NOT NULL,  -- the rename; an older one never replaces a newer one
  is_pending          boolean NOT NULL, -- there may be rows with older names, behind the place below
  after_timestamp     timestamptz,      -- null: at the beginning
  after_id            uuid
);
-- Those that are not done yet; few.
CREATE INDEX system_names_pending ON read.system_names (partner_system_id) WHERE is_pending;
