import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ACT_FOR_ANY_CUSTOMER, mayActFor } from "@tandem/auth";
import { enumName } from "@tandem/contracts";
import {
  NotificationCategory,
  type NotificationService,
  NotificationStatus as ProtoNotificationStatus,
} from "@tandem/contracts/notification";
import { AppError, isId } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { makePreviewTemplate, makeUpdateTemplate } from "../biz/edit-templates.ts";
import type { NotificationReader, PreferenceReader, TemplateOverrideReader } from "../biz/ports.ts";
import type { makeResendNotification } from "../biz/resend-notification.ts";
import type { makeUnsubscribe, makeUpdatePreferences } from "../biz/set-preferences.ts";
import {
  messageToProto,
  notificationToProto,
  overrideToProto,
  preferencesToProto,
  templateToProto,
} from "../events/to-proto.ts";
import type { Category } from "../model/channel.ts";
import { notificationNotFound, unsubscribeInvalid } from "../model/errors.ts";
import { LAST_LOCALE } from "../model/locale.ts";
import type { NotificationStatus } from "../model/notification.ts";
import { templateCatalogue } from "../model/templates/template-catalogue.ts";
import { askPage, donePage } from "./unsubscribe-page.ts";

export interface NotificationHandlersDeps {
  readonly notifications: NotificationReader;
  readonly preferences: PreferenceReader;
  readonly overrides: TemplateOverrideReader;
  readonly resendNotification: ReturnType<typeof makeResendNotification>;
  readonly updatePreferences: ReturnType<typeof makeUpdatePreferences>;
  readonly unsubscribe: ReturnType<typeof makeUnsubscribe>;
  readonly previewTemplate: ReturnType<typeof makePreviewTemplate>;
  readonly updateTemplate: ReturnType<typeof makeUpdateTemplate>;
  /** Whom a token names; undefined for one that we did not make. */
  readonly readToken: (token: string) => string | undefined;
}

/** Whose messages a customer's token without a customer sees: nobody's. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

export const makeNotificationHandlers = (deps: NotificationHandlersDeps): ServiceImpl<typeof NotificationService> => {
  /** Preferences exist for every id, so there is nothing to hide by "not found". */
  const assertOwn = (customerId: string, context: HandlerContext): string => {
    if (mayActFor(callOf(context).principal, customerId)) return customerId.toLowerCase();
    throw new AppError("permission_denied", "auth.not_owner", "These are another customer's preferences.");
  };
  const customerOf = (token: string): string => {
    const customerId = deps.readToken(token);
    if (customerId === undefined) throw unsubscribeInvalid();
    return customerId;
  };

  return {
    listNotifications: async ({ page, customerId, orderId, status }, context) => {
      const { principal } = callOf(context);
      const own = principal.customerId ?? "";
      const staff = principal.permissions.has(ACT_FOR_ANY_CUSTOMER);
      const found = await deps.notifications.listByCriteria(
        {
          // A customer's list is their own, whoever they name.
          customerId: staff ? customerId || undefined : isId(own) ? own : NOBODY,
          orderId: orderId || undefined,
          status:
            status === ProtoNotificationStatus.UNSPECIFIED
              ? undefined
              : (enumName(ProtoNotificationStatus, status) as NotificationStatus),
        },
        readPage(page),
      );
      return { notifications: found.items.map(notificationToProto), page: writePage(found) };
    },

    getNotification: async ({ notificationId }, context) => {
      const notification = await deps.notifications.getById(notificationId);
      // Another customer's message and no message look the same.
      if (!mayActFor(callOf(context).principal, notification.customerId ?? ""))
        throw notificationNotFound(notificationId);
      return { notification: notificationToProto(notification), message: messageToProto(notification) };
    },

    resendNotification: async ({ notificationId }, { signal }) => ({
      notification: notificationToProto(await deps.resendNotification(notificationId, signal)),
    }),

    getPreferences: async ({ customerId }, context) => ({
      preferences: preferencesToProto(await deps.preferences.getByCustomerId(assertOwn(customerId, context))),
    }),

    updatePreferences: async ({ customerId, categories, quietHours, version }, context) => {
      const channels = new Map(
        categories.map(({ category, email, sms }) => [
          enumName(NotificationCategory, category) as Category,
          { EMAIL: email, SMS: sms },
        ]),
      );
      const hours = quietHours && { start: quietHours.start, end: quietHours.end };
      const after = await deps.updatePreferences(
        assertOwn(customerId, context),
        { channels, quietHours: hours, version },
        context.signal,
      );
      return { preferences: preferencesToProto(after) };
    },

    showUnsubscribe: async ({ token }) => {
      customerOf(token);
      return { page: askPage };
    },

    unsubscribe: async ({ token }, { signal }) => {
      await deps.unsubscribe(customerOf(token), signal);
      return { page: donePage };
    },

    listTemplates: async () => {
      const overrides = await deps.overrides.listCurrent();
      const templates = templateCatalogue.map((template) =>
        templateToProto(
          template,
          overrides.filter(({ name }) => name === template.name),
        ),
      );
      return { templates };
    },

    previewTemplate: async ({ name, locale }) => {
      const { sms, ...rendered } = await deps.previewTemplate(name, locale || LAST_LOCALE);
      return { locale: rendered.locale, message: messageToProto(rendered), sms };
    },

    updateTemplate: async ({ name, locale, subject, text, html, sms, version }, context) => {
      const updatedBy = callOf(context).principal.subject;
      const input = { name, locale, subject, text, html, sms, version, updatedBy };
      return { override: overrideToProto(await deps.updateTemplate(input, context.signal)) };
    },
  };
};
