import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { newId, systemClock } from "@tandem/kernel";
import { createLocalInbox } from "@tandem/local-inbox";
import { createOutbox } from "@tandem/messaging";
import { createTestDatabase, pollUntil } from "@tandem/testkit";
import { expect, it } from "vitest";
import { makeDeliverNotification } from "../src/biz/deliver-notification.ts";
import { makeRegisterContact } from "../src/biz/follow-contact.ts";
import { makeRetryDeliveries } from "../src/biz/retry-deliveries.ts";
import { createSmtpSender } from "../src/client/smtp-sender.ts";
import { makeDeliveryLog } from "../src/data/delivery-log.ts";
import { makeDeliveryQueue } from "../src/data/delivery-queue.ts";
import { makeNotificationUnitOfWork } from "../src/data/unit-of-work.ts";
import { migrations } from "../src/migrate.ts";
import { templateNamed } from "../src/model/templates/template-catalogue.ts";

it("kill -9 between the mail server's answer and the mark: sent again after the lease, under the same Message-ID, announced once", async () => {
  await using db = await createTestDatabase({ sets: migrations });
  await using inbox = await createLocalInbox({ smtpPort: 0, httpPort: 0 });
  const { database } = db;
  const uow = makeNotificationUnitOfWork(database, createOutbox({ database, source: "notification" }));
  const unsubscribeLink = () => undefined;
  const policy = { maxAttempts: 5, minDelayMs: 1, maxDelayMs: 5 };
  const deps = { uow, clock: systemClock, newId, unsubscribeLink, channels: new Set(["EMAIL" as const]) };
  const customerId = newId();
  await makeRegisterContact(deps)({
    customerId,
    facts: { email: "ada@example.com", displayName: "Ada", locale: "en" },
    welcome: { causeEventId: newId(), template: templateNamed("auth.user_registered"), customerId, variables: {} },
  });
  const rows = async () =>
    (
      await database.query<{ id: string; status: string; attempts: number }>(
        "select id, status, attempts from notification",
      )
    ).rows;

  const fixture = join(import.meta.dirname, "fixtures/dying-sender.ts");
  const victim = spawn(process.execPath, [fixture, db.url, inbox.smtpUrl], { stdio: "inherit" });
  const [, signal] = await once(victim, "exit");
  expect(signal).toBe("SIGKILL");
  expect(inbox.messages()).toHaveLength(1);
  expect(await rows()).toMatchObject([{ status: "SENDING", attempts: 1 }]);

  const retryDeliveries = makeRetryDeliveries({ ...deps, policy, waitAtMostMs: 60_000 });
  await pollUntil(async () => (await retryDeliveries()).recovered === 1);
  const sender = createSmtpSender({ url: inbox.smtpUrl, from: { name: "Shop", address: "shop@tandem.invalid" } });
  const deliver = makeDeliverNotification({
    deliveries: makeDeliveryLog(database, createOutbox({ database, source: "notification" })),
    senders: new Map([["EMAIL", sender]]),
    clock: systemClock,
    sendTimeoutMs: 5_000,
    policy,
  });
  const queue = makeDeliveryQueue(database);
  const claimed = await queue.claim({ limit: 10, leaseMs: 5_000, now: systemClock.now(), channels: ["EMAIL"] });
  for (const leased of claimed) expect(await deliver(leased)).toBe("sent");
  sender.close();

  const [again, first] = inbox.messages();
  expect(again).toMatchObject({ messageId: first?.messageId, text: first?.text, copy: 1 });
  const [row] = await rows();
  expect(row).toMatchObject({ status: "SENT", attempts: 2 });
  const events = await database.query("select topic from tandem.outbox_event where subject = $1", [row?.id]);
  expect(events.rows).toEqual([{ topic: "notification.sent" }]);
});
