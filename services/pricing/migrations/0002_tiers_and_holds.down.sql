alter table voucher_use drop column checkout_key;
alter table promotion drop column tiers, drop column min_spend_minor, drop column min_spend_currency;
