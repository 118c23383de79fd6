import { ConnectError } from "@connectrpc/connect";
import { enumName } from "@tandem/contracts";
import { OrderStatus } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import type { Product, Shop } from "./open-shop.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { TestPlatform } from "./start-platform.ts";

type Fate = "completes" | "is cancelled" | "either";

interface Placed {
  readonly orderId: string;
  readonly pay: string;
  readonly fate: Fate;
}

export interface Customers {
  /** Places so many orders at once, of all kinds, and asks again until each is answered; some are cancelled meanwhile. */
  place(count: number): Promise<void>;
  /** @returns a line per order that did not end as it must, or that is there twice */
  listSurprises(): Promise<string[]>;
}

const FATES: readonly (readonly [pay: string, fate: Fate])[] = [
  ["tok_visa", "completes"],
  ["tok_visa", "completes"],
  ["tok_visa", "either"],
  ["tok_flaky", "completes"],
  ["tok_timeout", "completes"],
  ["tok_declined", "is cancelled"],
];

/** People who order while things break. Each order's end is known beforehand, whatever breaks. */
export const openCustomers = async (platform: TestPlatform, shop: Shop, random: SeededRandom): Promise<Customers> => {
  const plenty = await shop.addProduct(100_000);
  const scarce: Product = await shop.addProduct(1);
  const placed: Placed[] = [];
  const placeOne = async (): Promise<void> => {
    const [pay, fate] = random.below(12) === 0 ? (["tok_visa", "too many"] as const) : random.pick(FATES);
    const request =
      fate === "too many"
        ? { product: scarce, quantity: 2, pay }
        : { product: plenty, quantity: 1 + random.below(3), pay };
    const idempotencyKey = newId();
    const { orderId } = await pollUntil(() => shop.placeOrder({ ...request, idempotencyKey }), {
      timeoutMs: 60_000,
      intervalMs: 200,
      message: "an answer to an order",
    });
    placed.push({ orderId, pay, fate: fate === "too many" ? "is cancelled" : fate });
    if (fate === "either") await cancel(orderId);
  };
  /** Too late is an answer as well; no answer is asked for again. */
  const cancel = async (orderId: string): Promise<void> => {
    const answered = async () => {
      try {
        await shop.customer.orders.cancelOrder({ orderId });
        return true;
      } catch (error) {
        if (/shipped/.test(ConnectError.from(error).message)) return true;
        throw error;
      }
    };
    await pollUntil(answered, { timeoutMs: 60_000, intervalMs: 200, message: "an answer to a cancellation" });
  };

  return {
    place: async (count) => {
      await Promise.all(Array.from({ length: count }, placeOne));
    },
    listSurprises: async () => {
      const rows = await platform.databases.query<{ id: string; status: string; reason: string | null }>(
        "order",
        "select id, status, cancel_reason as reason from orders",
      );
      const orders = new Map(rows.map((row) => [row.id, row]));
      const allowed: Readonly<Record<Fate, readonly string[]>> = {
        completes: [enumName(OrderStatus, OrderStatus.COMPLETED)],
        "is cancelled": [enumName(OrderStatus, OrderStatus.CANCELLED)],
        either: [OrderStatus.COMPLETED, OrderStatus.CANCELLED].map((status) => enumName(OrderStatus, status)),
      };
      const wrong = placed.flatMap(({ orderId, pay, fate }) => {
        const { status = "missing", reason } = orders.get(orderId) ?? {};
        return allowed[fate].includes(status)
          ? []
          : [`order ${orderId} (${pay}, ${fate}) is ${status} ${reason ?? ""}`];
      });
      const extra = rows.length - placed.length;
      return extra === 0 ? wrong : [...wrong, `${extra} orders more than were placed`];
    },
  };
};
