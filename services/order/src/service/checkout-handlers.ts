import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { CheckoutSchema, type CheckoutService } from "@tandem/contracts/order";
import { callOf, readPage, writePage } from "@tandem/rpc";
import type { SagaEngine, SagaSummary } from "@tandem/saga";
import type { Checkout } from "../saga/checkout-saga.ts";

export interface CheckoutHandlersDeps {
  readonly engine: Pick<SagaEngine<Checkout>, "getById" | "list" | "resume" | "abort">;
}

type Shown = Pick<SagaSummary, "id" | "status" | "position" | "startedAt" | "updatedAt"> & {
  readonly reason?: string | null | undefined;
  readonly deadlineAt?: Date | null | undefined;
};

const toProto = (saga: Shown) =>
  create(CheckoutSchema, {
    orderId: saga.id,
    status: saga.status,
    position: saga.position,
    reason: saga.reason ?? "",
    ...(saga.deadlineAt ? { deadlineAt: timestampFromDate(saga.deadlineAt) } : {}),
    startedAt: timestampFromDate(saga.startedAt),
    updatedAt: timestampFromDate(saga.updatedAt),
  });

/** For operators: what waits for a person, and the two things that a person can do about it. */
export const makeCheckoutHandlers = ({ engine }: CheckoutHandlersDeps): ServiceImpl<typeof CheckoutService> => ({
  listParkedCheckouts: async ({ page }) => {
    const { limit, cursor } = readPage(page);
    const found = await engine.list({ status: "parked", limit, ...(cursor ? { cursor } : {}) });
    return { checkouts: found.items.map(toProto), page: writePage(found) };
  },

  resumeCheckout: async ({ orderId }, context) => {
    await engine.resume(orderId, callOf(context).principal.subject);
    return { checkout: toProto(await engine.getById(orderId)) };
  },

  abortCheckout: async ({ orderId, reason }, context) => {
    await engine.abort(orderId, reason, callOf(context).principal.subject);
    return { checkout: toProto(await engine.getById(orderId)) };
  },
});
