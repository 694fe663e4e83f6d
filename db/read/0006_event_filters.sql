-- Pages of the events of one request, or of one chain of requests. They are few, so that they are sorted; ids that we
-- make only grow, and the events of one request share one.
CREATE INDEX events_by_correlation ON read.tracking_events_read_model (correlation_id);
-- Pages of the events with a certain violation. They may be valid, where the system's policy is to observe.
CREATE INDEX events_violating ON read.tracking_events_read_model
  (partner_system_id, event_timestamp, tracking_event_id) WHERE validation_errors IS NOT NULL;
-- Pages of the events that could not be judged: few among the invalid ones.
CREATE INDEX events_unjudged ON read.tracking_events_read_model
  (partner_system_id, event_timestamp, tracking_event_id) WHERE is_unjudged;

-- JSON whose strings PostgreSQL can unescape: U+0000 and lone surrogates become U+FFFD. Null when that is not enough.
CREATE FUNCTION read.unescapable(document json) RETURNS json LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  BEGIN
    PERFORM document #> '{-}';  -- reads all of it
    RETURN document;
  EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN regexp_replace(regexp_replace(regexp_replace(document::text,
             '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g'),
             '(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})', '\1\\ufffd', 'g'),
             '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\\ufffd', 'g')::json;
  END;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;

-- What stands at a path of a document; null when nothing does. Only what may be odd is looked at more closely.
CREATE FUNCTION read.member(document json, path text[]) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN strpos(document::text, '\u') = 0 THEN document #> path
              ELSE read.unescapable(document) #> path END
$$;

-- The value of a number of JSON, infinite where numeric ends.
CREATE FUNCTION read.number(digits text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN digits::numeric;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN CASE WHEN digits ~ '[eE]-' THEN 0
              WHEN digits LIKE '-%' THEN '-Infinity'::numeric ELSE 'Infinity'::numeric END;
END $$;

-- How the member at a path compares with a value: below 0, 0, above 0; null when they cannot be compared. A number is
-- compared with a number, a string with a text, by code points; true, false and null with their names.
CREATE FUNCTION read.compare_member(document json, path text[], value text, number numeric) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  found   json := read.member(document, path);
  kind    text := json_typeof(found);
  content text;
  digits  numeric;
BEGIN
  IF kind IS NULL OR kind IN ('object', 'array') THEN RETURN NULL; END IF;
  content := coalesce(found #>> '{}', 'null');
  IF kind = 'number' THEN
    IF number IS NULL THEN RETURN NULL; END IF;
    digits := CASE WHEN length(content) < 30 AND content !~ '[eE]' THEN content::numeric ELSE read.number(content) END;
    RETURN CASE WHEN digits < number THEN -1 WHEN digits > number THEN 1 ELSE 0 END;
  END IF;
  IF content = value THEN RETURN 0; END IF;
  IF kind <> 'string' OR number IS NOT NULL THEN RETURN NULL; END IF;
  RETURN CASE WHEN content < value COLLATE "C" THEN -1 ELSE 1 END;
END $$;

-- Whether a violation has that keyword and that pointer, as far as they are asked for.
CREATE FUNCTION read.has_violation(violations json, keyword text, pointer text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT EXISTS (
    SELECT FROM json_array_elements(CASE WHEN strpos(violations::text, '\u') = 0 THEN violations
                                         ELSE read.unescapable(violations) END) AS violation
     WHERE (keyword IS NULL OR violation ->> 'keyword' = keyword)
       AND (pointer IS NULL OR violation ->> 'pointer' = pointer))
$$;
