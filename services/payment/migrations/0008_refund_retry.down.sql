alter table refund_claim drop column attempts, drop column failed_at;
