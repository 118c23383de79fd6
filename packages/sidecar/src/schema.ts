/**
 * The sidecar's tables; safe to run on every start, by several processes at a time. A message is written once; what is
 * still to be delivered stands in the narrow `delivery`, which has no index but its key so that claims stay cheap (HOT) updates.
 */
export const SCHEMA = `
BEGIN;
SELECT pg_advisory_xact_lock(8052306, 0);
CREATE SCHEMA IF NOT EXISTS sidecar;
CREATE TABLE IF NOT EXISTS sidecar.message (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pubsub       text NOT NULL,
  topic        text NOT NULL,
  event        text NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS sidecar.subscription (
  id     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id text NOT NULL,
  pubsub text NOT NULL,
  topic  text NOT NULL,
  UNIQUE (app_id, pubsub, topic)
);
CREATE TABLE IF NOT EXISTS sidecar.delivery (
  subscription_id int NOT NULL,
  message_id      bigint NOT NULL,
  attempt         int NOT NULL DEFAULT 0,
  due_at          timestamptz NOT NULL DEFAULT now(),
  holder          int,
  PRIMARY KEY (subscription_id, message_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE TABLE IF NOT EXISTS sidecar.state (
  key        text PRIMARY KEY,
  value      bytea NOT NULL,
  etag       uuid NOT NULL DEFAULT gen_random_uuid(),
  expires_at timestamptz
);
CREATE TABLE IF NOT EXISTS sidecar.lock (
  store      text NOT NULL,
  resource   text NOT NULL,
  owner      text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (store, resource)
);
COMMIT;
`;
