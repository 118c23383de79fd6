import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs, integer, secret } from "@tandem/runtime";
import { z } from "zod";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 32 bytes as hex or base64. */
const masterKey = () =>
  secret()
    .refine((text) => readKey(text).length === 32, "must be 32 bytes as hex (64 characters) or base64")
    .transform(readKey);

const readKey = (text: string): Buffer => Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? "hex" : "base64");

/** `{"order":["<sha256 of its secret, hex>"],...}` */
const clients = () =>
  z
    .string()
    .transform((text, context) => {
      const parsed = z.record(z.string(), z.array(z.string().regex(/^[0-9a-f]{64}$/))).safeParse(tryJson(text));
      if (parsed.success) return parsed.data;
      context.addIssue({ code: "custom", message: 'must be {"<app id>":["<sha256 of its secret, hex>"],...}' });
      return z.NEVER;
    })
    .meta({ secret: true });

const tryJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const shared = {
  /** Before the present one, while it is changed: opens what it sealed, seals nothing. */
  AUTH_KEY_ENCRYPTION_KEY_PREVIOUS: masterKey().optional(),
  /** How long the attempts on an address are remembered after the last. */
  LOGIN_FORGET_MS: durationMs({ min: MINUTE, max: 30 * DAY }).default(DAY),
  /** Age at which the signing key gets a successor. */
  KEY_ROTATE_AFTER_MS: durationMs({ min: 1_000, max: 400 * DAY }).default(30 * DAY),
  /** From publishing a key to signing with it: longer than verifiers keep a key set (10 minutes). */
  KEY_LEAD_MS: durationMs({ max: DAY }).default(15 * MINUTE),
  /** From a key's last signature to its withdrawal: longer than any token lives (an hour at most). */
  KEY_RETAIN_MS: durationMs({ max: 30 * DAY }).default(2 * HOUR),
};

export const authApiConfig = apiConfig.extend({
  ...shared,
  /** Seals signing keys, and derives refresh tokens' successors and the throttle's keys. 32 bytes, hex or base64. */
  AUTH_KEY_ENCRYPTION_KEY: masterKey(),
  /** Services that may have a token, with the hashes of their secrets. */
  AUTH_SERVICE_CLIENTS: clients().default({}),
  /** An operator (roles staff and operator) that is there from the start. Both or neither; an existing user is left as it is. */
  AUTH_BOOTSTRAP_EMAIL: z.string().optional(),
  AUTH_BOOTSTRAP_PASSWORD: secret().optional(),
  ACCESS_TOKEN_TTL_S: integer({ min: 30, max: 3_600, unit: "seconds" }).default(900),
  SERVICE_TOKEN_TTL_S: integer({ min: 30, max: 3_600, unit: "seconds" }).default(900),
  /** From one refresh to the next. */
  SESSION_IDLE_MS: durationMs({ min: 1_000, max: 400 * DAY }).default(14 * DAY),
  /** From login to the next login. */
  SESSION_MAX_MS: durationMs({ min: 1_000, max: 400 * DAY }).default(90 * DAY),
  /** In which a refresh may be repeated. */
  REFRESH_GRACE_MS: durationMs({ max: MINUTE }).default(10_000),
  /** The failed attempt on an address that locks it first. */
  LOGIN_LOCK_THRESHOLD: integer({ min: 1, max: 100 }).default(5),
  /** The first lock; each further failure doubles it, up to the longest. */
  LOGIN_LOCK_MS: durationMs({ min: 1_000 }).default(MINUTE),
  LOGIN_LOCK_MAX_MS: durationMs({ min: 1_000 }).default(HOUR),
  /** Per address of the network and process. The gateway limits across replicas. */
  LOGINS_PER_MINUTE: integer({ min: 1, max: 1_000_000 }).default(60),
  REGISTRATIONS_PER_MINUTE: integer({ min: 1, max: 1_000_000 }).default(20),
  /** Mails asked for, and tokens of mails tried. */
  VERIFICATIONS_PER_MINUTE: integer({ min: 1, max: 1_000_000 }).default(20),
  /** How long the token of such a mail works. */
  CONFIRM_EMAIL_TTL_MS: durationMs({ min: 1_000, max: 30 * DAY }).default(3 * DAY),
  RESET_PASSWORD_TTL_MS: durationMs({ min: 1_000, max: DAY }).default(30 * MINUTE),
  /** Mails of one kind to one address before there is a pause; each further one doubles it, up to a day. */
  VERIFICATION_MAILS: integer({ min: 1, max: 1_000 }).default(3),
  VERIFICATION_PAUSE_MS: durationMs({ min: 1_000, max: DAY }).default(15 * MINUTE),
  /** No refusal and no registration is answered sooner, so that time tells nothing. */
  ANSWER_FLOOR_MS: durationMs({ max: 5_000 }).default(250),
  /** argon2id; a password is hashed anew at the next login when these change. */
  ARGON2_MEMORY_KIB: integer({ min: 8, max: 1_048_576 }).default(19_456),
  ARGON2_PASSES: integer({ min: 1, max: 100 }).default(2),
  ARGON2_PARALLELISM: integer({ min: 1, max: 16 }).default(1),
  /** Hashes at once, and those that may wait. */
  ARGON2_CONCURRENCY: integer({ min: 1, max: 4 }).default(2),
  ARGON2_QUEUE: integer({ min: 1, max: 10_000 }).default(64),
});

export const authWorkerConfig = workerConfig.extend({
  ...shared,
  /** As the API's. Without it keys are not rotated. */
  AUTH_KEY_ENCRYPTION_KEY: masterKey().optional(),
  /** How long sessions and refresh tokens that are over stay to be looked at. */
  OVER_KEEP_MS: durationMs({ max: 400 * DAY }).default(30 * DAY),
});
