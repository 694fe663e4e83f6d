-- No structure has judged these: which names are they, and when were they seen?
CREATE INDEX events_unstructured ON read.tracking_events_read_model
  (partner_system_id, event_name, event_timestamp) WHERE schema_version IS NULL;
