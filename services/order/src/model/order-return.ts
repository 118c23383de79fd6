import { type Money, subtractMoney, sumMoney } from "@tandem/kernel";
import { returnLinesInvalid, returnNotAllowed, returnNotFound } from "./errors.ts";
import { lineTotal, type Order, type OrderLine } from "./order.ts";
import { shareOf } from "./shorten-order.ts";

export type ReturnStatus = "REQUESTED" | "RECEIVED" | "REFUNDED";

export interface OrderReturnLine {
  readonly lineId: string;
  readonly productId: string;
  readonly quantity: number;
}

/** Goods that go back to one seller. */
export interface OrderReturn {
  readonly id: string;
  readonly sellerId: string;
  readonly status: ReturnStatus;
  readonly lines: readonly OrderReturnLine[];
  /** The lines' share of what was paid. */
  readonly refund: Money;
  readonly reason: string;
  readonly requestedAt: Date;
  readonly receivedAt?: Date | undefined;
  readonly refundedAt?: Date | undefined;
}

export interface WantedReturn {
  readonly id: string;
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
  readonly reason: string;
}

const changed = (order: Order, change: Partial<Order>, now: Date): Order => ({
  ...order,
  ...change,
  updatedAt: now,
  version: order.version + 1n,
});

/** Pieces of the line that are on their way back, or are back. */
export const returnedOf = ({ returns }: Order, lineId: string): number =>
  returns
    .flatMap(({ lines }) => lines.filter((line) => line.lineId === lineId))
    .reduce((sum, { quantity }) => sum + quantity, 0);

/** What these pieces cost, after those that went back before: the returns of a whole line add up to the line. */
const refundOf = (line: OrderLine, before: number, quantity: number): Money => {
  const upTo = (pieces: number) =>
    pieces === 0 ? { ...line.unitPrice, minor: 0n } : shareOf(lineTotal(line), pieces, line.quantity);
  return subtractMoney(upTo(before + quantity), upTo(before));
};

/**
 * Opens a return of delivered pieces of one seller.
 * @throws AppError `order.return_not_allowed`, `order.return_lines_invalid`
 */
export const requestReturn = (order: Order, wanted: WantedReturn, now: Date): Order => {
  if (order.status !== "DELIVERED" && order.status !== "COMPLETED") throw returnNotAllowed(order.id, order.status);
  const lines = wanted.lines.map(({ productId, quantity }) => {
    const line = order.lines.find((one) => one.productId === productId);
    if (!line) throw returnLinesInvalid(`product ${productId} is not in the order`);
    const before = returnedOf(order, line.lineId);
    const left = line.quantity - before;
    if (quantity > left) throw returnLinesInvalid(`of product ${productId} ${left} can be returned`);
    return { line, quantity, refund: refundOf(line, before, quantity) };
  });
  const sellers = new Set(lines.map(({ line }) => line.sellerId));
  const [sellerId] = sellers;
  if (!sellerId || sellers.size > 1) throw returnLinesInvalid("the lines are of several sellers");
  const opened: OrderReturn = {
    id: wanted.id,
    sellerId,
    status: "REQUESTED",
    lines: lines.map(({ line, quantity }) => ({ lineId: line.lineId, productId: line.productId, quantity })),
    refund: sumMoney(
      order.currency,
      lines.map(({ refund }) => refund),
    ),
    reason: wanted.reason,
    requestedAt: now,
  };
  return changed(order, { returns: [...order.returns, opened] }, now);
};

/** @throws AppError `order.return_not_found` */
export const returnOf = (order: Order, returnId: string): OrderReturn => {
  const found = order.returns.find(({ id }) => id === returnId);
  if (!found) throw returnNotFound(returnId);
  return found;
};

const withReturn = (order: Order, after: OrderReturn): readonly OrderReturn[] =>
  order.returns.map((one) => (one.id === after.id ? after : one));

/** The goods are back. Again: unchanged. @throws AppError `order.return_not_found` */
export const receiveReturn = (order: Order, returnId: string, now: Date): Order => {
  const before = returnOf(order, returnId);
  if (before.status !== "REQUESTED") return order;
  return changed(order, { returns: withReturn(order, { ...before, status: "RECEIVED", receivedAt: now }) }, now);
};

const isAllBack = (order: Order): boolean =>
  order.returns.every(({ status }) => status === "REFUNDED") &&
  order.lines.every((line) => returnedOf(order, line.lineId) >= line.quantity);

/** The money is back; with the last of it the whole order is. Again: unchanged. @throws AppError `order.return_not_found` */
export const refundReturn = (order: Order, returnId: string, now: Date): Order => {
  const before = returnOf(order, returnId);
  if (before.status === "REFUNDED") return order;
  const after = { ...before, status: "REFUNDED" as const, receivedAt: before.receivedAt ?? now, refundedAt: now };
  const next = changed(order, { returns: withReturn(order, after) }, now);
  return next.status === "COMPLETED" && isAllBack(next) ? { ...next, status: "RETURNED" } : next;
};
