alter table promotion
  add column min_spend_minor bigint check (min_spend_minor > 0),
  add column min_spend_currency text check (min_spend_currency ~ '^[A-Z]{3}$'),
  -- Rising thresholds with their discounts; amounts as text: JSON numbers end at 2^53.
  add column tiers jsonb not null default '[]',
  add constraint promotion_min_spend_has_currency check ((min_spend_minor is null) = (min_spend_currency is null)) not valid;

-- Set when an order follows the quote at once: its hold counts against the customer's own other checkouts, too.
alter table voucher_use add column checkout_key text;
