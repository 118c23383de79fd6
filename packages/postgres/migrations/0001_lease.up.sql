-- Leases of the lock in @tandem/resilience. The token grows with every grant of any lease: writers compare it to fence off
-- a holder that lost its lease and does not know.
CREATE SEQUENCE tandem.lease_token;

CREATE TABLE tandem.lease (
  resource text PRIMARY KEY,
  owner text NOT NULL,
  token bigint NOT NULL,
  expires_at timestamptz NOT NULL
);
