import { bigint, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { CartItem } from "../model/cart.ts";
import type { Category, Channel } from "../model/channel.ts";
import type { Contact } from "../model/contact.ts";
import type { KnownLine } from "../model/known-order.ts";
import type { NotificationStatus } from "../model/notification.ts";
import type { Preferences } from "../model/preferences.ts";
import type { Values } from "../model/template.ts";

const at = (name: string) => timestamp(name, { withTimezone: true });
const version = (name = "version") => bigint(name, { mode: "bigint" }).notNull();

export const contactTable = pgTable("contact", {
  customerId: uuid("customer_id").primaryKey(),
  state: text("state").$type<Contact["state"]>().notNull(),
  email: text("email").notNull(),
  phone: text("phone").notNull(),
  displayName: text("display_name").notNull(),
  locale: text("locale").notNull(),
  timeZone: text("time_zone").notNull(),
  version: version(),
  updatedAt: at("updated_at").notNull(),
});

export const orderTable = pgTable("known_order", {
  orderId: uuid("order_id").primaryKey(),
  customerId: uuid("customer_id"),
  lines: jsonb("lines").$type<readonly KnownLine[]>().notNull(),
  version: version(),
});

export const cartTable = pgTable("cart", {
  id: uuid("cart_id").primaryKey(),
  customerId: uuid("customer_id"),
  state: text("state").$type<"OPEN" | "CLOSED">().notNull(),
  items: jsonb("items").$type<readonly CartItem[]>().notNull(),
  version: version(),
  eventId: text("event_id").notNull(),
  changedAt: at("changed_at").notNull(),
  remindedVersion: version("reminded_version"),
});

export const notificationTable = pgTable("notification", {
  id: uuid("id").primaryKey(),
  causeEventId: text("cause_event_id").notNull(),
  template: text("template").notNull(),
  channel: text("channel").$type<Channel>().notNull(),
  recipient: text("recipient").notNull(),
  generation: integer("generation").notNull(),
  category: text("category").$type<Category>().notNull(),
  customerId: uuid("customer_id"),
  orderId: uuid("order_id"),
  cartId: uuid("cart_id"),
  status: text("status").$type<NotificationStatus>().notNull(),
  reason: text("reason").notNull(),
  variables: jsonb("variables").$type<Values>().notNull(),
  locale: text("locale").notNull(),
  address: text("address").notNull(),
  subject: text("subject").notNull(),
  text: text("body_text").notNull(),
  html: text("body_html").notNull(),
  unsubscribeUrl: text("unsubscribe_url").notNull(),
  attempts: integer("attempts").notNull(),
  dueAt: at("due_at").notNull(),
  providerMessageId: text("provider_message_id").notNull(),
  version: version(),
  createdAt: at("created_at").notNull(),
  sentAt: at("sent_at"),
  traceparent: text("traceparent"),
});

export const preferenceTable = pgTable("preference", {
  customerId: uuid("customer_id").primaryKey(),
  channels: jsonb("channels").$type<Preferences["channels"]>().notNull(),
  quietStart: text("quiet_start"),
  quietEnd: text("quiet_end"),
  version: version(),
  updatedAt: at("updated_at").notNull(),
});

export const overrideTable = pgTable(
  "template_override",
  {
    name: text("name").notNull(),
    locale: text("locale").notNull(),
    version: integer("version").notNull(),
    subject: text("subject").notNull(),
    text: text("body_text").notNull(),
    html: text("body_html").notNull(),
    sms: text("sms").notNull(),
    updatedBy: text("updated_by").notNull(),
    updatedAt: at("updated_at").notNull(),
  },
  ({ name, locale, version: number }) => [primaryKey({ columns: [name, locale, number] })],
);
