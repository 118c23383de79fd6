import type { Platform, WorkerParts } from "@tandem/chassis";
import { AuthService } from "@tandem/contracts/auth";
import { newId } from "@tandem/kernel";
import { createRpcClient, direct, viaSidecar } from "@tandem/rpc";
import type { z } from "zod";
import { makeDeliverNotification } from "../biz/deliver-notification.ts";
import { makeFollowCart } from "../biz/follow-cart.ts";
import { makeEraseContact, makeRegisterContact, makeUpdateContact } from "../biz/follow-contact.ts";
import { makeFollowOrder, makeNotifyOfOrder } from "../biz/follow-order.ts";
import { makeForgetTexts } from "../biz/forget-texts.ts";
import { makeNotifyCustomer } from "../biz/notify.ts";
import type { MessageSender } from "../biz/ports.ts";
import { makeRemindOfCarts } from "../biz/remind-of-carts.ts";
import { makeRetryDeliveries } from "../biz/retry-deliveries.ts";
import { createSenderBreaker, guardSender } from "../client/guarded-sender.ts";
import { askAuth, putSecretIn } from "../client/secret-sender.ts";
import { createSmsSender } from "../client/sms-sender.ts";
import { createSmtpSender } from "../client/smtp-sender.ts";
import { makeUnsubscribeLink } from "../client/unsubscribe-token.ts";
import type { notificationWorkerConfig } from "../config/config.ts";
import { makeDeliveryLog } from "../data/delivery-log.ts";
import { makeDeliveryQueue } from "../data/delivery-queue.ts";
import { makeEventShortcuts } from "../data/event-shortcuts.ts";
import { createOverrideCache } from "../data/template-override-repository.ts";
import { makeNotificationUnitOfWork } from "../data/unit-of-work.ts";
import type { Channel } from "../model/channel.ts";
import { abandonedCart } from "./cron/abandoned-cart.ts";
import { deliveryRetry } from "./cron/delivery-retry.ts";
import { textRetention } from "./cron/text-retention.ts";
import { createDeliveryWorker } from "./delivery-worker.ts";
import { onOrderCancelled, onOrderCompleted, onOrderConfirmed, onOrderUpdated } from "./event/order-consumers.ts";
import {
  onPaymentFailed,
  onPaymentRefunded,
  onShipmentDelivered,
  onShipmentDispatched,
  onShipmentFailed,
} from "./event/order-matter-consumers.ts";
import {
  type AccountLink,
  onCartUpdated,
  onCustomerUpdated,
  onLoginFailed,
  onSessionRevoked,
  onUserRegistered,
  onVerificationRequested,
} from "./event/person-consumers.ts";
import { observeBacklog } from "./observe-backlog.ts";

/** How long the worker may write with words that staff has just replaced. */
const OVERRIDES_TTL_MS = 3_000;
const MAX_RETRY_DELAY_MS = 3_600_000;

type WorkerNeeds = Pick<
  Platform<z.output<typeof notificationWorkerConfig>>,
  "database" | "outbox" | "clock" | "config" | "log" | "metrics" | "shutdown" | "telemetry" | "serviceTokens"
>;

export const composeWorker = (platform: WorkerNeeds): WorkerParts => {
  const { database, outbox, clock, config, log, metrics, shutdown, telemetry, serviceTokens } = platform;
  const uow = makeNotificationUnitOfWork(database, outbox, {
    onDue: () => delivery.wake(),
    overrideCache: createOverrideCache(OVERRIDES_TTL_MS),
  });
  const unsubscribeLink = makeUnsubscribeLink(config.UNSUBSCRIBE_SECRET, config.NOTIFICATION_PUBLIC_URL);
  const policy = {
    maxAttempts: config.SEND_MAX_ATTEMPTS,
    minDelayMs: config.SEND_RETRY_DELAY_MS,
    maxDelayMs: Math.max(MAX_RETRY_DELAY_MS, config.SEND_RETRY_DELAY_MS),
  };

  const smtp = createSmtpSender({
    url: config.SMTP_URL,
    from: { name: config.MAIL_FROM_NAME, address: config.MAIL_FROM_ADDRESS },
    maxConnections: config.SMTP_MAX_CONNECTIONS,
    timeoutMs: config.SEND_TIMEOUT_MS,
  });
  shutdown.on("close-resources", "mail server", async () => smtp.close());
  const providers: [Channel, MessageSender][] = [["EMAIL", smtp]];
  if (config.SMS_URL) {
    const sms = {
      url: config.SMS_URL,
      token: config.SMS_TOKEN,
      sender: config.SMS_SENDER,
      timeoutMs: config.SEND_TIMEOUT_MS,
    };
    providers.push(["SMS", createSmsSender(sms)]);
  }
  const auth = createRpcClient(AuthService, {
    target: config.AUTH_URL
      ? direct(config.AUTH_URL)
      : viaSidecar(`http://127.0.0.1:${config.DAPR_HTTP_PORT}`, "auth", config.DAPR_API_TOKEN),
    deadlineMs: config.AUTH_DEADLINE_MS,
    ...(serviceTokens ? { tokenSource: serviceTokens, identity: "service" as const } : {}),
    telemetry,
    metrics,
    log,
  });
  shutdown.on("close-resources", "auth client", async () => auth[Symbol.asyncDispose]());
  const askForSecret = askAuth(auth);
  const guarded = providers.map(([channel, sender]) => {
    const breaker = createSenderBreaker(channel, { log, metrics });
    // Outside of the circuit: that auth is away says nothing of the mail server.
    return { channel, breaker, sender: putSecretIn(guardSender(sender, breaker), askForSecret) };
  });

  const leaseMs = Math.max(config.SEND_LEASE_MS, config.SEND_TIMEOUT_MS * 4);
  const delivery = createDeliveryWorker({
    queue: makeDeliveryQueue(database),
    deliver: makeDeliverNotification({
      onGivenUp: ({ id, channel, template }, error) =>
        log.warn({ notificationId: id, channel, template, causes: codesOf(error) }, "a message is given up"),
      deliveries: makeDeliveryLog(database, outbox),
      senders: new Map(guarded.map(({ channel, sender }) => [channel, sender])),
      clock,
      // Each answer has its own time; this ends a server that trickles. What is cut off in the middle may have gone out.
      sendTimeoutMs: leaseMs / 2,
      policy,
      markWithinMs: leaseMs / 3,
    }),
    clock,
    log,
    metrics,
    channels: () => guarded.map(({ channel, breaker }) => ({ channel, well: breaker.state === "closed" })),
    concurrency: config.SEND_CONCURRENCY,
    leaseMs,
  });

  observeBacklog({ database, metrics });
  const deps = { uow, clock, newId, unsubscribeLink, channels: new Set(providers.map(([channel]) => channel)) };
  const shortcuts = makeEventShortcuts(database);
  const followOrder = makeFollowOrder({ ...deps, shortcuts });
  const notifyOfOrder = makeNotifyOfOrder(deps);
  const notifyCustomer = makeNotifyCustomer(deps);
  const registerContact = makeRegisterContact(deps);
  const pages = config.ACCOUNT_PAGES_URL?.replace(/\/$/, "");
  const accountLink: AccountLink = (page) => (pages === undefined ? undefined : `${pages}/${page}#`);
  return {
    consumers: [
      onOrderConfirmed({ followOrder }),
      onOrderCancelled({ followOrder }),
      onOrderCompleted({ followOrder }),
      onOrderUpdated({ followOrder }),
      onPaymentFailed({ notifyOfOrder }),
      onPaymentRefunded({ notifyOfOrder }),
      onShipmentDispatched({ notifyOfOrder }),
      onShipmentDelivered({ notifyOfOrder }),
      onShipmentFailed({ notifyOfOrder }),
      onUserRegistered({ registerContact }),
      onVerificationRequested({ registerContact, accountLink }),
      onCustomerUpdated({ updateContact: makeUpdateContact(deps), eraseContact: makeEraseContact(deps) }),
      onLoginFailed({ notifyCustomer, onceInMs: config.LOCKED_WARNING_MS }),
      onSessionRevoked({ notifyCustomer }),
      onCartUpdated({ followCart: makeFollowCart({ uow, shortcuts }) }),
    ],
    jobs: [
      deliveryRetry({
        retryDeliveries: makeRetryDeliveries({ ...deps, policy, waitAtMostMs: config.WAIT_FOR_CONTACT_MS }),
      }),
      textRetention({ forgetTexts: makeForgetTexts({ uow, clock, keepMs: config.TEXT_RETAIN_MS }) }),
      abandonedCart({ remindOfCarts: makeRemindOfCarts({ ...deps, idleMs: config.ABANDONED_CART_IDLE_MS }) }),
    ],
    workers: [delivery],
  };
};

/** What failed, and why that did, without their words: a mail server's have the reader's address in them. */
const codesOf = (error: unknown): readonly string[] => {
  const codes: string[] = [];
  for (let at = error; at instanceof Error && codes.length < 5; at = at.cause)
    codes.push("code" in at ? String(at.code) : at.name);
  return codes;
};
