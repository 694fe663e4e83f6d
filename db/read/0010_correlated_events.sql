-- Pages of the events of one request, or of one chain of requests, among those of a system: whoever else uses the same
-- correlation id, and however often, costs nothing. Few, they are sorted; ids that we make only grow, and the events of
-- one request share one, so that the index stays small.
CREATE INDEX events_correlated ON read.tracking_events_read_model (partner_system_id, correlation_id);
DROP INDEX read.events_by_correlation;
