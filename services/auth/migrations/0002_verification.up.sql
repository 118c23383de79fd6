-- Set when somebody has shown that they read the mail of the address.
alter table app_user add column email_confirmed_at timestamptz;

-- A mail with a token in it that confirms an address or sets a new password.
create table verification (
  id uuid primary key,
  user_id uuid not null references app_user (id),
  purpose text not null check (purpose in ('CONFIRM_EMAIL', 'RESET_PASSWORD')),
  -- Never the token. Null until the mail is about to be sent.
  token_hash bytea constraint verification_token_unique unique,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

-- Whoever asks again gets the same one, or one in its place.
create unique index verification_open on verification (user_id, purpose) where used_at is null;
create index verification_by_expiry on verification (expires_at);
