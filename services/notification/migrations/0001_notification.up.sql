-- Who can be written to. A row may come before its person is known: messages wait for it, under its lock.
create table contact (
  customer_id uuid primary key,
  state text not null check (state in ('UNKNOWN', 'KNOWN', 'ERASED')),
  email text not null,
  phone text not null,
  display_name text not null,
  locale text not null,
  time_zone text not null,
  -- Of customer.updated; 0 while only the registration is known.
  version bigint not null,
  updated_at timestamptz not null,
  constraint contact_erased_is_blank check (state <> 'ERASED' or (email = '' and phone = '' and display_name = ''))
);

-- Whose an order is, for events that do not say.
create table known_order (
  order_id uuid primary key,
  -- Null while only events came that do not say.
  customer_id uuid,
  lines jsonb not null,
  version bigint not null
);

create table cart (
  cart_id uuid primary key,
  customer_id uuid,
  state text not null check (state in ('OPEN', 'CLOSED')),
  items jsonb not null,
  version bigint not null,
  -- The event that told of this version: the cause of its reminder.
  event_id text not null,
  changed_at timestamptz not null,
  -- One reminder per version.
  reminded_version bigint not null default 0
);

create index cart_idle on cart (changed_at) where state = 'OPEN' and reminded_version < version and customer_id is not null;

create table notification (
  id uuid primary key,
  cause_event_id text not null,
  template text not null,
  channel text not null check (channel in ('EMAIL', 'SMS')),
  -- Whom the event named: `customer:<id>`, or `order:<id>` for the order's customer.
  recipient text not null,
  -- 0 the first; a resend counts up.
  generation integer not null default 0,
  category text not null,
  customer_id uuid,
  order_id uuid,
  cart_id uuid,
  status text not null check (status in ('WAITING', 'PENDING', 'SENDING', 'SENT', 'FAILED', 'SUPPRESSED')),
  reason text not null,
  variables jsonb not null,
  locale text not null,
  address text not null,
  subject text not null,
  body_text text not null,
  body_html text not null,
  unsubscribe_url text not null,
  attempts integer not null,
  due_at timestamptz not null,
  lease_until timestamptz,
  -- Goes up with every claim: a sender whose lease ran out writes nothing.
  token bigint not null default 0,
  provider_message_id text not null,
  version bigint not null,
  created_at timestamptz not null,
  sent_at timestamptz,
  traceparent text,
  constraint notification_once unique (cause_event_id, template, channel, recipient, generation)
) with (fillfactor = 80);

create index notification_due on notification (due_at) where status = 'PENDING';
create index notification_lease on notification (lease_until) where status = 'SENDING';
create index notification_waiting on notification (created_at) where status = 'WAITING';
create index notification_waiting_order on notification (order_id) where status = 'WAITING';
create index notification_by_customer on notification (customer_id, id desc);
create index notification_by_order on notification (order_id, id desc);

create table preference (
  customer_id uuid primary key,
  channels jsonb not null,
  quiet_start text,
  quiet_end text,
  version bigint not null,
  updated_at timestamptz not null,
  constraint preference_quiet_hours check ((quiet_start is null) = (quiet_end is null))
);

-- What staff wrote in place of a built-in text. Every version is kept; the highest counts.
create table template_override (
  name text not null,
  locale text not null,
  version integer not null check (version > 0),
  subject text not null,
  body_text text not null,
  body_html text not null,
  sms text not null,
  updated_by text not null,
  updated_at timestamptz not null,
  primary key (name, locale, version)
);
