-- People, what they may do, and how they prove who they are; and the tokens of partners' programs.

CREATE TABLE write.users (
  user_id           uuid PRIMARY KEY,
  email             text NOT NULL UNIQUE CHECK (email = lower(email)), -- the program writes it in lower case
  password_hash     text, -- argon2id with its parameters; null: none chosen yet
  is_platform_admin boolean NOT NULL DEFAULT false,
  is_active         boolean NOT NULL DEFAULT true,
  is_demo           boolean NOT NULL DEFAULT false,
  created_at        timestamptz NOT NULL
);

CREATE TABLE write.memberships (
  membership_id uuid PRIMARY KEY, -- what the API shows: a person's own id would tell whether we knew them before
  partner_id    uuid NOT NULL REFERENCES write.partners,
  user_id       uuid NOT NULL REFERENCES write.users,
  role          text NOT NULL CHECK (role IN ('admin', 'analyst')),
  invited_at    timestamptz NOT NULL,
  accepted_at   timestamptz, -- null: the person has not agreed yet, and may do nothing
  UNIQUE (partner_id, user_id)
);
CREATE INDEX memberships_of_user ON write.memberships (user_id); -- the directory reads them person by person

-- A log-in. Its refresh tokens follow each other; the use of one that was used before ends it.
CREATE TABLE write.sessions (
  session_id uuid PRIMARY KEY,
  user_id    uuid NOT NULL REFERENCES write.users,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX sessions_of_user ON write.sessions (user_id); -- all of them end with a new password
CREATE INDEX sessions_revoked ON write.sessions (revoked_at) WHERE revoked_at IS NOT NULL; -- those the directory names

CREATE TABLE write.refresh_tokens (
  token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32), -- SHA-256 of the token
  session_id uuid NOT NULL REFERENCES write.sessions ON DELETE CASCADE,
  used_at    timestamptz
);
CREATE INDEX refresh_tokens_of_session ON write.refresh_tokens (session_id); -- deleted with it

-- What a link that was sent to somebody is good for, once.
CREATE TABLE write.one_time_tokens (
  token_hash    bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32), -- SHA-256 of the token
  user_id       uuid NOT NULL REFERENCES write.users,
  membership_id uuid REFERENCES write.memberships ON DELETE CASCADE, -- the invitation; null: a new password
  expires_at    timestamptz NOT NULL,
  used_at       timestamptz
);
CREATE INDEX one_time_tokens_of_user ON write.one_time_tokens (user_id); -- a new link makes older ones void
CREATE INDEX one_time_tokens_of_membership ON write.one_time_tokens (membership_id); -- deleted with it

-- What access tokens are signed with. The newest signs; those before it verify until what they signed has expired.
CREATE TABLE write.signing_keys (
  key_id      text PRIMARY KEY, -- the kid
  private_jwk text NOT NULL,
  public_jwk  text NOT NULL,
  created_at  timestamptz NOT NULL,
  retired_at  timestamptz -- since then it signs nothing
);
CREATE UNIQUE INDEX signing_key_in_use ON write.signing_keys ((true)) WHERE retired_at IS NULL; -- one at a time

CREATE TABLE write.service_tokens (
  service_token_id uuid PRIMARY KEY,
  partner_id       uuid NOT NULL REFERENCES write.partners,
  name             text NOT NULL,
  prefix           text NOT NULL,
  token_hash       bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32), -- SHA-256 of the token
  scopes           text NOT NULL, -- "events:read structures:write"
  created_by       text NOT NULL,
  created_at       timestamptz NOT NULL,
  expires_at       timestamptz,
  revoked_at       timestamptz
);
CREATE INDEX service_tokens_of_partner ON write.service_tokens (partner_id, service_token_id); -- pages of them

CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.users
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.memberships
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();
CREATE TRIGGER directory_changed AFTER UPDATE OF revoked_at ON write.sessions
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.signing_keys
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON write.service_tokens
  FOR EACH STATEMENT EXECUTE FUNCTION write.advance_directory_revision();

-- What `volcanion up` made for its demo, whose secrets lie in a file: not for a server that others can reach.
ALTER TABLE write.partners ADD COLUMN is_demo boolean NOT NULL DEFAULT false;
ALTER TABLE write.admin_tokens ADD COLUMN is_demo boolean NOT NULL DEFAULT false;
UPDATE write.admin_tokens SET is_demo = true WHERE name = 'demo';
