-- The second wall around the events is compared within the plan: a call of a function for each row made up much of what a
-- question about many rows took. Whose rows may be seen is found out once for a statement. Within coalesce(), the planner
-- takes the comparison for one that leaves half of the rows, and so does not prefer reading and sorting all rows of a
-- system to walking along an index, as it would for the bare comparison.
ALTER POLICY of_bound_partners ON read.tracking_events_read_model
  USING (coalesce(partner_id = ANY ((SELECT read.bound_partners())::uuid[]), false));
DROP FUNCTION read.is_bound(uuid);
