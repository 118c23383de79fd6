drop table refund_claim;
alter table payment drop column total_minor, drop column order_version;
