import type { ApiParts, Platform } from "@tandem/chassis";
import { NotificationService } from "@tandem/contracts/notification";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import type { z } from "zod";
import { makePreviewTemplate, makeUpdateTemplate } from "../biz/edit-templates.ts";
import { makeResendNotification } from "../biz/resend-notification.ts";
import { makeUnsubscribe, makeUpdatePreferences } from "../biz/set-preferences.ts";
import { makeUnsubscribeLink, readUnsubscribeToken } from "../client/unsubscribe-token.ts";
import type { notificationApiConfig } from "../config/config.ts";
import { makeNotificationReader } from "../data/notification-reader.ts";
import { makePreferenceReader } from "../data/preference-repository.ts";
import { makeTemplateOverrideReader } from "../data/template-override-repository.ts";
import { makeNotificationUnitOfWork } from "../data/unit-of-work.ts";
import type { Channel } from "../model/channel.ts";
import { makeNotificationHandlers } from "../service/notification-handlers.ts";

export const composeApi = ({
  database,
  outbox,
  clock,
  config,
}: Platform<z.output<typeof notificationApiConfig>>): ApiParts => {
  const secret = config.UNSUBSCRIBE_SECRET;
  const overrides = makeTemplateOverrideReader(database.orm);
  const uow = makeNotificationUnitOfWork(database, outbox);
  const unsubscribeLink = makeUnsubscribeLink(secret, config.NOTIFICATION_PUBLIC_URL);
  const channels = new Set<Channel>(config.SMS_URL ? ["EMAIL", "SMS"] : ["EMAIL"]);
  const handlers = makeNotificationHandlers({
    notifications: makeNotificationReader(database.orm),
    preferences: makePreferenceReader(database.orm),
    overrides,
    resendNotification: makeResendNotification({ uow, clock, newId, channels, unsubscribeLink }),
    updatePreferences: makeUpdatePreferences({ uow }),
    unsubscribe: makeUnsubscribe({ uow }),
    previewTemplate: makePreviewTemplate({ overrides }),
    updateTemplate: makeUpdateTemplate({ uow, clock }),
    readToken: (token) => (secret ? readUnsubscribeToken(secret, token) : undefined),
  });
  return { services: [registerService(NotificationService, handlers)] };
};
