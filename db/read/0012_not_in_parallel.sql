-- Whoever catches what goes wrong begins a subtransaction, and PostgreSQL allows none while several processes work on a
-- statement: these functions, and those that call them, keep it to one.
ALTER FUNCTION read.unescapable(json) PARALLEL UNSAFE;
ALTER FUNCTION read.number(text) PARALLEL UNSAFE;
ALTER FUNCTION read.member(json, text[]) PARALLEL UNSAFE;
ALTER FUNCTION read.compare_member(json, text[], text, numeric) PARALLEL UNSAFE;
ALTER FUNCTION read.has_violation(json, text, text) PARALLEL UNSAFE;
