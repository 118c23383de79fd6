import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs, integer, secret, url } from "@tandem/runtime";
import { z } from "zod";

const shared = {
  /** Signs the links at the foot of marketing mails; the same for API and worker. Without it no marketing is sent. */
  UNSUBSCRIBE_SECRET: secret({ minLength: 16 }).optional(),
  /** What those links begin with. */
  NOTIFICATION_PUBLIC_URL: url().default("http://127.0.0.1:8007"),
  /** The SMS provider. Without it nothing goes by SMS. */
  SMS_URL: url().optional(),
};

export const notificationApiConfig = apiConfig.extend(shared);

export const notificationWorkerConfig = workerConfig.extend({
  ...shared,
  /** The mail server, with user and password where it wants them. */
  SMTP_URL: url({ protocols: ["smtp", "smtps"] })
    .meta({ secret: true })
    .default("smtp://127.0.0.1:1025"),
  /** Connections to the mail server. */
  SMTP_MAX_CONNECTIONS: integer({ min: 1, max: 100 }).default(5),
  MAIL_FROM_NAME: z.string().max(100).default("Tandem"),
  MAIL_FROM_ADDRESS: z.email().default("shop@tandem.invalid"),
  SMS_TOKEN: secret().optional(),
  /** Whom an SMS comes from, 1 to 11 letters and digits. */
  SMS_SENDER: z
    .string()
    .regex(/^[A-Za-z0-9]{1,11}$/, "must be 1 to 11 letters and digits")
    .default("Tandem"),
  /** Longest wait for one answer of a provider. */
  SEND_TIMEOUT_MS: durationMs({ min: 50, max: 60_000 }).default(10_000),
  /** Messages on their way at once. */
  SEND_CONCURRENCY: integer({ min: 1, max: 100 }).default(8),
  /** How long a message is left to a sender that may have died: at least four times SEND_TIMEOUT_MS. */
  SEND_LEASE_MS: durationMs({ min: 200, max: 3_600_000 }).default(60_000),
  /** Tries before a message is given up. With the default pauses some 20 hours. */
  SEND_MAX_ATTEMPTS: integer({ min: 1, max: 100 }).default(24),
  /** First pause after a failed try; doubles up to an hour. */
  SEND_RETRY_DELAY_MS: durationMs({ min: 1, max: 3_600_000 }).default(2_000),
  /** Where auth answers; absent: through the sidecar. It is asked for the tokens of the mails that confirm addresses and reset passwords. */
  AUTH_URL: url().optional(),
  /** Longest wait for it. */
  AUTH_DEADLINE_MS: durationMs({ min: 50, max: 30_000 }).default(3_000),
  /** Where the pages `confirm-email` and `reset-password` lie, which read the token behind the `#`. Absent: mails show the token alone. */
  ACCOUNT_PAGES_URL: url().optional(),
  /** How long one warning of a locked account is enough. */
  LOCKED_WARNING_MS: durationMs({ min: 0, max: 2_592_000_000 }).default(86_400_000),
  /** How long what was written in a message is kept after it. */
  TEXT_RETAIN_MS: durationMs({ min: 60_000 }).default(90 * 86_400_000),
  /** How long a message waits for the address or the order that it needs. */
  WAIT_FOR_CONTACT_MS: durationMs({ min: 1_000, max: 604_800_000 }).default(86_400_000),
  /** How long a cart lies before its owner is reminded. */
  ABANDONED_CART_IDLE_MS: durationMs({ min: 1_000, max: 604_800_000 }).default(14_400_000),
});
