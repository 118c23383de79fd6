import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { UserRegisteredSchema } from "@tandem/contracts/auth";
import { CancelReason, OrderCancelledSchema, OrderConfirmedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { createLocalInbox, type LocalInbox } from "@tandem/local-inbox";
import { pollUntil } from "@tandem/testkit";
import { startTestService, type TestService } from "@tandem/testkit/service";
import { notificationApiConfig, notificationWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export const UNSUBSCRIBE_SECRET = "only-for-tests-only-for-tests";

export interface Harness extends TestService {
  readonly inbox: LocalInbox;
}

/** Notification's two binaries and an inbox that catches what they send. */
export const startHarness = async ({
  startWorkers = true,
  env = {},
}: {
  readonly startWorkers?: boolean;
  readonly env?: Readonly<Record<string, string>>;
} = {}): Promise<Harness> => {
  const inbox = await createLocalInbox({ smtpPort: 0, httpPort: 0 });
  const service = await startTestService({
    context: "notification",
    migrations,
    api: { config: notificationApiConfig, compose: composeApi },
    worker: { config: notificationWorkerConfig, compose: composeWorker },
    env: { SMTP_URL: inbox.smtpUrl, SMS_URL: inbox.smsUrl, UNSUBSCRIBE_SECRET, ...env },
    startWorkers,
  });
  return {
    ...service,
    inbox,
    // What is on its way would change it by itself.
    async fingerprint() {
      if (startWorkers) await pollUntil(async () => (await onTheirWay(service)) === 0);
      return service.fingerprint();
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await inbox[Symbol.asyncDispose]();
    },
  };
};

const onTheirWay = async ({ database, clock }: TestService): Promise<number> => {
  const { rows } = await database.query<{ n: string }>(
    "select count(*) as n from notification where status = 'SENDING' or (status = 'PENDING' and due_at <= $1)",
    [clock.now()],
  );
  return Number(rows[0]?.n);
};

const eur = (minor: bigint) => ({ currencyCode: "EUR", amountMinor: minor });
export const at = timestampFromDate(new Date("2026-11-21T10:00:00Z"));

/** Somebody, with an address that nobody else in the test has. */
export const person = (over: { readonly locale?: string; readonly displayName?: string } = {}) => {
  const customerId = newId();
  const email = `p-${customerId.slice(-12)}@example.com`;
  const registered = {
    userId: customerId,
    customerId,
    aggregateVersion: 1n,
    occurredAt: at,
    email,
    displayName: over.displayName ?? "Ada Lovelace",
    locale: over.locale ?? "en-GB",
    roles: ["customer"],
  };
  return { customerId, email, registered };
};

export const orderFor = (customerId: string, over: object = {}) => {
  const orderId = newId();
  const productId = newId();
  const order = {
    orderId,
    customerId,
    currencyCode: "EUR",
    version: 3n,
    createdAt: at,
    totals: { subtotal: eur(5_430n), discount: eur(0n), tax: eur(1_032n), total: eur(6_462n) },
    lines: [{ lineId: newId(), productId, sellerId: newId(), name: "Desk lamp <b>", quantity: 2, total: eur(6_462n) }],
    ...over,
  };
  const common = { orderId, aggregateVersion: 3n, occurredAt: at, order };
  return { orderId, productId, order, common };
};

/** What happens to one person and one of their orders; the same event always has the same id: saying it again is a redelivery. */
export const story = (harness: Harness, who = person(), over: object = {}) => {
  const order = orderFor(who.customerId, over);
  const ids = { registered: newId(), confirmed: newId(), cancelled: newId() };
  return {
    customerId: who.customerId,
    email: who.email,
    registration: who.registered,
    ...order,
    ids,
    registered: () => harness.deliver(UserRegisteredSchema, who.registered, ids.registered),
    confirmed: () => harness.deliver(OrderConfirmedSchema, order.common, ids.confirmed),
    cancelled: () =>
      harness.deliver(OrderCancelledSchema, { ...order.common, reason: CancelReason.OUT_OF_STOCK }, ids.cancelled),
  };
};

/** Mails to somebody, oldest first, as soon as there are so many. */
export const mailsTo = async (harness: Harness, email: string, count: number) =>
  (
    await pollUntil(() => {
      const found = harness.inbox.messages({ to: email });
      return found.length >= count ? found : undefined;
    })
  ).toReversed();

/** A person's messages when none of them is on its way any more. */
export const settledRowsOf = (harness: Harness, customerId: string) =>
  pollUntil(async () => {
    const rows = await rowsOf(harness, customerId);
    return rows.length > 0 && rows.every(({ status }) => !["PENDING", "SENDING"].includes(status)) ? rows : undefined;
  });

export const rowsOf = async (harness: Harness, customerId: string) => {
  const { rows } = await harness.database.query<{
    id: string;
    template: string;
    channel: string;
    status: string;
    reason: string;
    attempts: number;
  }>(
    "select id, template, channel, status, reason, attempts from notification where customer_id = $1 order by template, channel, generation",
    [customerId],
  );
  return rows;
};
