create table app_user (
  id uuid primary key,
  -- The address as people see it, and as it is compared. Both empty once the person is forgotten.
  email text,
  email_key text constraint app_user_email_unique unique,
  display_name text not null,
  locale text not null,
  -- PHC string: algorithm, parameters, salt and hash. Null: nobody can log in.
  password_hash text,
  roles text[] not null check (roles <@ array['customer', 'seller', 'staff', 'operator']),
  customer_id uuid constraint app_user_customer_unique unique,
  seller_id uuid,
  status text not null check (status in ('ACTIVE', 'ERASED')),
  created_at timestamptz not null,
  password_changed_at timestamptz not null,
  last_login_at timestamptz,
  version bigint not null,
  constraint app_user_forgotten check (
    status = 'ACTIVE' and email is not null and email_key is not null and password_hash is not null
    or status = 'ERASED' and email is null and email_key is null and password_hash is null and display_name = ''
  ),
  constraint app_user_seller check (('seller' = any (roles)) = (seller_id is not null) or status = 'ERASED')
);

create index app_user_by_seller on app_user (seller_id, id desc) where seller_id is not null;

-- A login on one device: a family of refresh tokens.
create table session (
  id uuid primary key,
  user_id uuid not null references app_user (id),
  ip text not null,
  user_agent text not null,
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('LOGOUT', 'TOKEN_REUSED', 'PASSWORD_CHANGED', 'REVOKED', 'USER_ERASED')),
  version bigint not null,
  constraint session_end check ((ended_at is null) = (end_reason is null))
);

create index session_by_user on session (user_id, id desc);
create index session_by_expiry on session (expires_at);

-- Never a token: what stands here opens nothing.
create table refresh_token (
  hash bytea primary key,
  session_id uuid not null references session (id) on delete cascade,
  -- The successor is an HMAC of the token and this, under a key that is not in the database.
  nonce bytea not null,
  successor_hash bytea,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint refresh_token_used check ((used_at is null) = (successor_hash is null))
);

-- One root and one line: a family cannot fork, whatever the code does.
create unique index refresh_token_unused on refresh_token (session_id) where used_at is null;
create index refresh_token_by_session on refresh_token (session_id);
create index refresh_token_by_expiry on refresh_token (expires_at);

-- Failed attempts by address, whether anybody has it or not: a lock tells nothing. The key is an HMAC of the address.
create table login_throttle (
  key bytea primary key,
  failed integer not null check (failed >= 0),
  locked_until timestamptz,
  last_at timestamptz not null
);

create index login_throttle_by_last on login_throttle (last_at);

create table signing_key (
  kid text primary key,
  public_jwk jsonb not null,
  -- AES-256-GCM: which key encryption key, nonce, ciphertext with tag; the kid is the associated data.
  sealed_private bytea not null,
  created_at timestamptz not null,
  -- Signs from then on, until the next one does. Published from created_at.
  active_from timestamptz not null
);
