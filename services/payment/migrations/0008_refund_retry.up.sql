-- Refunds that the provider refused are asked for again, with growing pauses, a number of times. Those from before count from their making.
alter table refund_claim add column attempts integer not null default 0, add column failed_at timestamptz;
