import { newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { createMetrics } from "@tandem/runtime";
import { captureLog } from "@tandem/testkit";
import type { DeadLetterRef, DeadLetters, Orders, Price, Prices, ProductDraft, Products } from "../src/biz/ports.ts";
import { commonOperationsWorkerConfig } from "../src/config/config.ts";
import { csvTables } from "../src/data/csv/tables.ts";
import type { Failure } from "../src/model/task.ts";
import { openTasks } from "../src/worker/open-tasks.ts";
import type { Harness } from "./harness.ts";

/** A catalogue that does what the real one promises: numbers are unique for a seller. */
export const fakeCatalog = () => {
  const bySku = new Map<string, { readonly id: string; readonly draft: ProductDraft }>();
  const calls: string[] = [];
  const catalog = {
    bySku,
    calls,
    /** Runs after the products of a call were created and before it is answered. */
    afterCreate: async (_: number): Promise<void> => {},
    refuse: undefined as Error | undefined,
    products: {
      check: (draft) => (draft.name === "" ? { code: "request.invalid", message: "name: is empty" } : undefined),
      create: async (sellerId, drafts, key) => {
        if (catalog.refuse) throw catalog.refuse;
        calls.push(key);
        const outcomes = drafts.map((draft): string | Failure => {
          const at = `${sellerId} ${draft.sku}`;
          if (bySku.has(at)) return { code: "catalog.sku_taken", message: "The number is taken." };
          const id = newId();
          bySku.set(at, { id, draft });
          return id;
        });
        await catalog.afterCreate(calls.length);
        return outcomes;
      },
      findSame: async (sellerId, draft) => {
        const found = bySku.get(`${sellerId} ${draft.sku}`);
        return found && JSON.stringify(found.draft) === JSON.stringify(draft) ? found.id : undefined;
      },
      listIds: async (sellerId, cursor) => {
        const ids = [...bySku].filter(([at]) => at.startsWith(sellerId)).map(([, { id }]) => id);
        const from = Number(cursor ?? 0);
        return { items: ids.slice(from, from + 3), nextCursor: from + 3 < ids.length ? String(from + 3) : undefined };
      },
    } satisfies Products,
  };
  return catalog;
};

export const fakePricing = () => {
  const prices = new Map<string, bigint>();
  const pricing = {
    byProduct: prices,
    afterSet: async (): Promise<void> => {},
    prices: {
      list: async (productIds, currency) =>
        productIds.flatMap((productId): Price[] => {
          const minor = prices.get(productId);
          return minor === undefined ? [] : [{ productId, currency, minor }];
        }),
      set: async (wanted) => {
        const failures = wanted.map(({ productId, minor }): Failure | undefined => {
          if (!prices.has(productId)) return { code: "pricing.product_unknown", message: "There is no such product." };
          prices.set(productId, minor);
          return undefined;
        });
        await pricing.afterSet();
        return failures;
      },
    } satisfies Prices,
  };
  return pricing;
};

export const fakeOrders = (rows: readonly (readonly string[])[], pageSize = 3) => {
  const state = { calls: 0, fail: undefined as Error | undefined };
  const orders: Orders = {
    columns: ["order_id", "items"],
    list: async (_, cursor) => {
      if (state.fail) throw state.fail;
      state.calls += 1;
      const from = Number(cursor ?? 0);
      const next = from + pageSize;
      return {
        items: rows.slice(from, next).map((cells) => ({ cells })),
        nextCursor: next < rows.length ? String(next) : undefined,
      };
    },
  };
  return { orders, state };
};

export const fakeDeadLetters = (open: DeadLetterRef[]) => {
  const replayed: string[][] = [];
  const deadLetters: DeadLetters = {
    listOpen: async () => open,
    replay: async (refs) => {
      replayed.push(refs.map(({ id }) => id));
      return refs.map(({ id }) => (id === "gone" ? { code: "dead_letter.not_found", message: "gone" } : undefined));
    },
  };
  return { deadLetters, replayed };
};

const ENV = {
  DATABASE_URL: "postgres://nobody:nothing@127.0.0.1:1/nowhere",
  DAPR_HTTP_PORT: "1",
  DAPR_GRPC_PORT: "1",
  TASK_CHUNK_SIZE: "4",
  TASK_LEASE_MS: "1000",
  TASK_MAX_FAILURES: "3",
};

type Needs = Parameters<typeof openTasks>[1];

/** The tasks' worker over fakes, as one process of several would have it. */
export const openFakeTasks = (
  { database, clock }: Harness,
  needs: Partial<Needs>,
  env: Record<string, string> = {},
) => {
  const none = fakeOrders([]);
  return openTasks(
    {
      database,
      clock,
      outbox: createOutbox({ database, source: "common-operations" }),
      config: commonOperationsWorkerConfig.parse({ ...ENV, ...env }),
      log: captureLog().log,
      metrics: createMetrics({ service: "common-operations-worker" }),
    },
    {
      products: fakeCatalog().products,
      prices: fakePricing().prices,
      orders: none.orders,
      deadLetters: fakeDeadLetters([]).deadLetters,
      tables: csvTables,
      ...needs,
    },
  );
};

export const tasksOf = (operations: Harness) => ({
  async upload(csv: string | Uint8Array, as: Promise<{ authorization: string }>, name = "products.csv") {
    const answer = await fetch(`${operations.url}/files?name=${name}`, {
      method: "POST",
      headers: { "content-type": "text/csv", ...(await as) },
      body: csv as string,
    });
    return { status: answer.status, json: (await answer.json()) as { data: { fileId: string }; error?: string } };
  },
});
