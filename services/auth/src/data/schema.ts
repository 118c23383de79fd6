import { bigint, customType, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { SessionEnd } from "../model/session.ts";
import type { UserRole, UserStatus } from "../model/user.ts";
import type { VerificationPurpose } from "../model/verification.ts";

const bytea = customType<{ data: Buffer }>({ dataType: () => "bytea" });
/** Bytes in the database, hex in the code, so that values compare. */
const hex = customType<{ data: string; driverData: Buffer }>({
  dataType: () => "bytea",
  toDriver: (value) => Buffer.from(value, "hex"),
  fromDriver: (value) => value.toString("hex"),
});
const at = (name: string) => timestamp(name, { withTimezone: true });

export const userTable = pgTable("app_user", {
  id: uuid("id").primaryKey(),
  email: text("email"),
  emailKey: text("email_key"),
  displayName: text("display_name").notNull(),
  locale: text("locale").notNull(),
  passwordHash: text("password_hash"),
  roles: text("roles").array().$type<UserRole[]>().notNull(),
  customerId: uuid("customer_id"),
  sellerId: uuid("seller_id"),
  status: text("status").$type<UserStatus>().notNull(),
  createdAt: at("created_at").notNull(),
  passwordChangedAt: at("password_changed_at").notNull(),
  lastLoginAt: at("last_login_at"),
  emailConfirmedAt: at("email_confirmed_at"),
  version: bigint("version", { mode: "bigint" }).notNull(),
});

export const sessionTable = pgTable("session", {
  id: uuid("id").primaryKey(),
  userId: uuid("user_id").notNull(),
  ip: text("ip").notNull(),
  userAgent: text("user_agent").notNull(),
  createdAt: at("created_at").notNull(),
  lastUsedAt: at("last_used_at").notNull(),
  expiresAt: at("expires_at").notNull(),
  endedAt: at("ended_at"),
  endReason: text("end_reason").$type<SessionEnd>(),
  version: bigint("version", { mode: "bigint" }).notNull(),
});

export const refreshTokenTable = pgTable("refresh_token", {
  hash: hex("hash").primaryKey(),
  sessionId: uuid("session_id").notNull(),
  nonce: hex("nonce").notNull(),
  successorHash: hex("successor_hash"),
  issuedAt: at("issued_at").notNull(),
  expiresAt: at("expires_at").notNull(),
  usedAt: at("used_at"),
});

export const verificationTable = pgTable("verification", {
  id: uuid("id").primaryKey(),
  userId: uuid("user_id").notNull(),
  purpose: text("purpose").$type<VerificationPurpose>().notNull(),
  tokenHash: hex("token_hash"),
  requestedAt: at("requested_at").notNull(),
  expiresAt: at("expires_at").notNull(),
  usedAt: at("used_at"),
});

export const throttleTable = pgTable("login_throttle", {
  key: hex("key").primaryKey(),
  failed: integer("failed").notNull(),
  lockedUntil: at("locked_until"),
  lastAt: at("last_at").notNull(),
});

export const signingKeyTable = pgTable("signing_key", {
  kid: text("kid").primaryKey(),
  publicJwk: jsonb("public_jwk").$type<Readonly<Record<string, unknown>>>().notNull(),
  sealedPrivate: bytea("sealed_private").notNull(),
  createdAt: at("created_at").notNull(),
  activeFrom: at("active_from").notNull(),
});
