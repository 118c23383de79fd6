import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  NotificationCategory,
  NotificationChannel,
  NotificationSchema,
  NotificationStatus,
  PreferencesSchema,
  RenderedMessageSchema,
  TemplateOverrideSchema,
  TemplateSchema,
  type TemplateVariable,
  TemplateVariableSchema,
} from "@tandem/contracts/notification";
import type { TemplateOverride } from "../biz/ports.ts";
import { categories } from "../model/channel.ts";
import type { Notification } from "../model/notification.ts";
import type { Preferences } from "../model/preferences.ts";
import type { TemplateDefinition, VariableKind, VariableKinds } from "../model/template.ts";

export const notificationToProto = (notification: Notification) =>
  create(NotificationSchema, {
    notificationId: notification.id,
    template: notification.template,
    category: NotificationCategory[notification.category],
    channel: NotificationChannel[notification.channel],
    status: NotificationStatus[notification.status],
    customerId: notification.customerId ?? "",
    orderId: notification.orderId ?? "",
    causeEventId: notification.causeEventId,
    locale: notification.locale,
    subject: notification.subject,
    reason: notification.reason,
    attempts: notification.attempts,
    dueAt: timestampFromDate(notification.dueAt),
    createdAt: timestampFromDate(notification.createdAt),
    ...(notification.sentAt ? { sentAt: timestampFromDate(notification.sentAt) } : {}),
    providerMessageId: notification.providerMessageId,
    version: notification.version,
    generation: notification.generation,
  });

export const messageToProto = ({ subject, text, html, address }: Partial<Notification>) =>
  create(RenderedMessageSchema, { subject: subject ?? "", text: text ?? "", html: html ?? "", address: address ?? "" });

export const preferencesToProto = ({ customerId, channels, quietHours, version }: Preferences) =>
  create(PreferencesSchema, {
    customerId,
    categories: categories.map((category) => ({
      category: NotificationCategory[category],
      email: channels[category].EMAIL,
      sms: channels[category].SMS,
    })),
    ...(quietHours ? { quietHours: { ...quietHours } } : {}),
    version,
  });

const variablesToProto = (kinds: VariableKinds): TemplateVariable[] =>
  Object.entries(kinds).map(([name, kind]) => variableToProto(name, kind));

const variableToProto = (name: string, kind: VariableKind | VariableKinds): TemplateVariable =>
  create(TemplateVariableSchema, {
    name,
    kind: typeof kind === "string" ? kind : "list",
    items: typeof kind === "string" ? [] : variablesToProto(kind),
  });

export const overrideToProto = ({
  locale,
  version,
  subject,
  text,
  html,
  sms,
  updatedBy,
  updatedAt,
}: TemplateOverride) =>
  create(TemplateOverrideSchema, {
    locale,
    version,
    subject,
    text,
    html,
    sms: sms ?? "",
    updatedBy,
    updatedAt: timestampFromDate(updatedAt),
  });

export const templateToProto = (template: TemplateDefinition, overrides: readonly TemplateOverride[]) =>
  create(TemplateSchema, {
    name: template.name,
    category: NotificationCategory[template.category],
    channels: template.channels.map((channel) => NotificationChannel[channel]),
    urgent: template.urgent,
    locales: [...new Set([...Object.keys(template.texts), ...overrides.map(({ locale }) => locale)])].sort(),
    variables: variablesToProto({ customerName: "text", ...template.variables }),
    overrides: overrides.map(overrideToProto),
  });
