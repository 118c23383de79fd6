import {
  ConfigError,
  databaseUrl,
  durationMs,
  flag,
  integer,
  loadConfig,
  logLevel,
  port,
  secret,
  url,
} from "@tandem/runtime";
import { expect, test } from "vitest";
import { z } from "zod";

const schema = z.object({
  HTTP_PORT: port(),
  DATABASE_URL: databaseUrl(),
  API_TOKEN: secret({ minLength: 16 }),
  AUTH_JWKS_URL: url(),
  DRAIN_DELAY_MS: durationMs({ max: 60_000 }).default(5_000),
  WORKERS: integer({ min: 1, max: 8 }).default(2),
  DEBUG_SQL: flag().default(false),
  LOG_LEVEL: logLevel().default("info"),
});
const good = {
  HTTP_PORT: "8001",
  DATABASE_URL: "postgres://order_svc:hunter2hunter2@db:5432/order_db",
  API_TOKEN: "0123456789abcdef",
  AUTH_JWKS_URL: "https://auth/keys",
};
const failure = (env: Record<string, string | undefined>) => {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error("the configuration was accepted");
};

test("text becomes typed values, and what is absent its default", () => {
  expect(loadConfig(schema, { ...good, DEBUG_SQL: "yes", WORKERS: "8" })).toEqual({
    ...good,
    HTTP_PORT: 8001,
    DRAIN_DELAY_MS: 5_000,
    WORKERS: 8,
    DEBUG_SQL: true,
    LOG_LEVEL: "info",
  });
});

test("an empty variable is an absent one", () => {
  expect(loadConfig(schema, { ...good, DRAIN_DELAY_MS: "" }).DRAIN_DELAY_MS).toBe(5_000);
  expect(failure({ ...good, API_TOKEN: "" }).problems).toEqual([{ key: "API_TOKEN", problem: "is required" }]);
});

test("every bad key is named at once", () => {
  const error = failure({
    HTTP_PORT: "http",
    DATABASE_URL: "mysql://root:hunter2hunter2@db/x",
    API_TOKEN: "short",
    DRAIN_DELAY_MS: "60001",
    WORKERS: "2.5",
    DEBUG_SQL: "perhaps",
    LOG_LEVEL: "loud",
  });
  expect(error.problems.map(({ key }) => key)).toEqual([
    "HTTP_PORT",
    "DATABASE_URL",
    "API_TOKEN",
    "AUTH_JWKS_URL",
    "DRAIN_DELAY_MS",
    "WORKERS",
    "DEBUG_SQL",
    "LOG_LEVEL",
  ]);
  for (const { key } of error.problems) expect(error.message).toContain(key);
});

test("no value is ever part of the error", () => {
  const error = failure({
    ...good,
    DATABASE_URL: "http://u:hunter2hunter2@db",
    API_TOKEN: "s3cr3t",
    HTTP_PORT: "77777",
  });
  for (const value of ["hunter2hunter2", "s3cr3t", "77777"])
    expect(`${error.message}${error.stack}`).not.toContain(value);
});

test.each(["0", "-1", "65536", "80a", " 80", "1e3"])("%j is no port", (value) => {
  expect(failure({ ...good, HTTP_PORT: value }).problems).toHaveLength(1);
});

test("port 0 has to be asked for", () => {
  expect(loadConfig(z.object({ PORT: port({ zero: true }) }), { PORT: "0" })).toEqual({ PORT: 0 });
});
