import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { PaymentMethodKind } from "@tandem/contracts/common";
import { OrderCancelledSchema, OrderChange, OrderUpdatedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import type { ConsumerHost, Delivery } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { createMetrics, type Metrics } from "@tandem/runtime";
import { captureLog, pollUntil } from "@tandem/testkit";
import type { FuzzTarget } from "@tandem/testkit/fuzz";
import { startTestService } from "@tandem/testkit/service";
import { paymentApiConfig, paymentWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export const WEBHOOK_SECRET = "whsec_only_for_tests";

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The envelope's data, or all of it when it tells of an error. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, compared by toMatchObject
  readonly json: any;
}

export interface Call {
  readonly method?: string;
  readonly body?: string | object;
  readonly headers?: Record<string, string>;
}

/** Payment's API behind a real server, its consumers, jobs and operations worker, on a Postgres of their own. */
export interface Harness extends AsyncDisposable, FuzzTarget {
  readonly database: Database;
  readonly consumers: ConsumerHost;
  /** Of API and worker together. */
  readonly metrics: Metrics;
  http(path: string, call?: Call): Promise<Answer>;
  runJob(name: string, scheduledAt?: Date): Promise<unknown>;
  /** Hands an event to the consumers, as a sidecar would. The same id again is a redelivery. */
  deliver<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>, id?: string): Promise<Delivery>;
  /** What was announced about an order so far, oldest first. */
  announced(orderId: string): Promise<readonly Announced[]>;
  /** Waits until a topic was announced `times` times about an order. */
  until(orderId: string, topic: string, times?: number): Promise<readonly Announced[]>;
  paymentRow(orderId: string): Promise<PaymentRow | undefined>;
}

export interface PaymentRow extends Record<string, unknown> {
  readonly id: string;
  readonly status: string;
  readonly card_token: string;
  readonly captured_minor: string;
  readonly refunded_minor: string;
}

export interface Announced {
  readonly topic: string;
  readonly data: Record<string, unknown>;
}

export const startHarness = async (env: Readonly<Record<string, string>> = {}): Promise<Harness> => {
  // Leases, pauses and signatures go by the real time here, as the provider's do.
  const clock = { now: () => new Date() };
  const metrics = createMetrics({ service: "payment" });
  const service = await startTestService({
    context: "payment",
    migrations,
    api: { config: paymentApiConfig, compose: composeApi },
    worker: { config: paymentWorkerConfig, compose: composeWorker },
    env: { PROVIDER_WEBHOOK_SECRET: WEBHOOK_SECRET, PROVIDER_TIMEOUT_MS: "200", ...env },
    platform: { clock, metrics },
    startWorkers: true,
  });
  const { database, tokens, consumers, deliver } = service;

  const announced = async (orderId: string) => {
    const { rows } = await database.query<{ topic: string; data: string }>(
      "select topic, data from tandem.outbox_event where data::jsonb ->> 'orderId' = $1 order by seq",
      [orderId],
    );
    return rows.map(({ topic, data }) => ({ topic, data: JSON.parse(data) as Record<string, unknown> }));
  };

  return {
    url: service.url,
    fingerprint: service.fingerprint,
    database,
    tokens,
    consumers,
    metrics,
    deliver,
    async http(path, call = {}) {
      const { status, text } = await service.http(path, call);
      return { status, text, json: parsed(text) };
    },
    async runJob(name, scheduledAt = clock.now()) {
      const job = service.worker.jobs?.find((one) => one.name === name);
      if (!job) throw new Error(`no job ${name}`);
      const { log } = captureLog();
      const signal = AbortSignal.timeout(10_000);
      return job.run({ scheduledAt, cause: "schedule", attempt: 1, token: 1n, signal, log });
    },
    announced,
    until(orderId, topic, times = 1) {
      return pollUntil(
        async () => {
          const events = await announced(orderId);
          return events.filter((event) => event.topic === topic).length >= times ? events : undefined;
        },
        { timeoutMs: 20_000, message: `${times} times ${topic}` },
      );
    },
    async paymentRow(orderId) {
      const { rows } = await database.query<PaymentRow>("select * from payment where order_id = $1", [orderId]);
      return rows[0];
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
};

const parsed = (text: string): unknown => {
  try {
    const envelope = JSON.parse(text) as { code?: number; data?: unknown };
    return envelope?.code === 0 ? envelope.data : envelope;
  } catch {
    return undefined;
  }
};

export interface TestOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly token: string;
  readonly kind: "CARD" | "COD";
}

export const testOrder = (token = "tok_visa", kind: "CARD" | "COD" = "CARD"): TestOrder => ({
  orderId: newId(),
  customerId: newId(),
  token,
  kind,
});

const snapshot = ({ orderId, customerId, kind }: TestOrder, amountMinor = 6_462n) => {
  const amount = { currencyCode: "EUR", amountMinor };
  return {
    orderId,
    customerId,
    currencyCode: "EUR",
    paymentMethodKind: PaymentMethodKind[kind],
    totals: { total: amount },
    version: 1n,
  };
};
const occurredAt = { seconds: 1_795_000_000n, nanos: 0 };

/** What order says when stock is reserved, when it shipped, when it is at the door. */
export const updated = (
  order: TestOrder,
  change: "STOCK_RESERVED" | "SHIPPED" | "DELIVERED",
  total?: { readonly amountMinor: bigint; readonly version: bigint },
) => {
  const message = create(OrderUpdatedSchema, {
    orderId: order.orderId,
    aggregateVersion: total?.version ?? 2n,
    occurredAt,
    order: snapshot(order, total?.amountMinor),
    change: OrderChange[change],
    ...(change === "STOCK_RESERVED" && order.kind === "CARD"
      ? { paymentMethod: { method: { case: "card" as const, value: { token: order.token } } } }
      : {}),
  });
  return [OrderUpdatedSchema, message] as const;
};

export const cancelled = (order: TestOrder) =>
  [
    OrderCancelledSchema,
    create(OrderCancelledSchema, {
      orderId: order.orderId,
      aggregateVersion: 3n,
      occurredAt,
      order: snapshot(order),
    }),
  ] as const;

/** Pieces that are never sent: the order costs less. */
export const shortened = (order: TestOrder, amountMinor: bigint, version = 4n) =>
  [
    OrderUpdatedSchema,
    create(OrderUpdatedSchema, {
      orderId: order.orderId,
      aggregateVersion: version,
      occurredAt,
      order: snapshot(order, amountMinor),
      change: OrderChange.SHORTENED,
    }),
  ] as const;

/** Goods are back. */
export const returned = (order: TestOrder, returnId: string, amountMinor: bigint) =>
  [
    OrderUpdatedSchema,
    create(OrderUpdatedSchema, {
      orderId: order.orderId,
      aggregateVersion: 9n,
      occurredAt,
      order: { ...snapshot(order), returns: [{ returnId, refund: { currencyCode: "EUR", amountMinor } }] },
      change: OrderChange.RETURNED,
      returnId,
    }),
  ] as const;
