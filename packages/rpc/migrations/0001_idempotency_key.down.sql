DROP TABLE tandem.idempotency_key;
