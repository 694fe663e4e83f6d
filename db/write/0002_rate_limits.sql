-- How fast a system may send, per API key; null: as fast as it can.
ALTER TABLE write.partner_systems
  ADD COLUMN rate_limit_events_per_second integer CHECK (rate_limit_events_per_second >= 1),
  ADD COLUMN rate_limit_burst             integer CHECK (rate_limit_burst >= 1),
  ADD CHECK ((rate_limit_events_per_second IS NULL) = (rate_limit_burst IS NULL));
