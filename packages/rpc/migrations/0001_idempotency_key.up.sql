-- Responses remembered by Idempotency-Key. A row without response is an execution in progress, leased until locked_until.
CREATE TABLE tandem.idempotency_key (
  principal text NOT NULL,
  method text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  token uuid NOT NULL,
  locked_until timestamptz NOT NULL,
  response bytea,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (principal, method, key)
);

CREATE INDEX idempotency_key_expires_at ON tandem.idempotency_key (expires_at);
