-- What the order costs now: pieces that are never sent make it less than what was authorized. And the version that said so.
alter table payment add column total_minor bigint, add column order_version bigint not null default 0;
update payment set total_minor = amount_minor;
alter table payment
  add constraint payment_total_known check (total_minor is not null) not valid,
  add constraint payment_total_within_amount check (total_minor between 0 and amount_minor) not valid;

-- Money that a customer is owed back, for a return or for pieces that were never sent. One thing at a time is asked of the provider:
-- the others wait here.
create table refund_claim (
  -- Of a return: the return's id.
  id uuid primary key,
  payment_id uuid not null references payment,
  kind text not null check (kind in ('RETURN', 'SHORTAGE')),
  amount_minor bigint not null check (amount_minor >= 0),
  reason text not null,
  status text not null check (status in ('DUE', 'ASKED', 'DONE', 'FAILED')),
  operation_id uuid,
  created_at timestamptz not null
);

create index refund_claim_by_payment on refund_claim (payment_id, created_at);
create index refund_claim_by_operation on refund_claim (operation_id) where operation_id is not null;
create index refund_claim_failed on refund_claim (created_at) where status = 'FAILED';
