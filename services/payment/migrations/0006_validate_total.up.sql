alter table payment validate constraint payment_total_known;
alter table payment validate constraint payment_total_within_amount;
