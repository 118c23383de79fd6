import type { Checkout, Effect } from "./checkout-model.ts";

type Event = Checkout["event"];

/** The other side of one checkout: a warehouse and a payment service, idempotent and order-proof as theirs must be. */
export const makeWorld = (chance: (share: number) => boolean) => {
  let stock: "none" | "rejected" | "reserved" | "released" = "none";
  let payment: "none" | "declined" | "authorized" | "captured" | "voided" = "none";
  let order: "PENDING" | "CONFIRMED" | "CANCELLED" | "COMPLETED" = "PENDING";

  // Some never answer a void: that saga must end parked, for a person.
  const mute = chance(0.1);

  const handle = (effect: Effect): readonly Event[] => {
    switch (effect.kind) {
      case "reserve":
        if (stock === "released") return [{ type: "stock_released" }]; // cancelled before it began
        // A refusal is remembered: a repeat of the command must not succeed behind the saga's back.
        if (stock === "none") stock = chance(0.15) ? "rejected" : "reserved";
        if (stock === "rejected") return [{ type: "stock_rejected" }];
        return [{ type: "stock_reserved", reservationId: "r1" }];
      case "release":
        stock = "released";
        return [{ type: "stock_released" }];
      case "authorize":
        if (payment === "none" && chance(0.2)) return [{ type: "payment_failed", transient: true }];
        if (payment === "none") payment = chance(0.2) ? "declined" : "authorized";
        if (payment === "voided" || payment === "declined") return [{ type: "payment_failed", transient: false }];
        return [{ type: "payment_authorized" }];
      case "void":
        if (mute) return [];
        payment = "voided"; // or refunded: no money is kept
        return [{ type: "payment_voided" }];
      case "capture":
        if (payment === "authorized") payment = "captured";
        return payment === "captured" ? [{ type: "payment_captured" }] : [];
      case "ship":
        return [{ type: "delivered" }];
      case "refund":
        return [];
      case "order":
        order = effect.status;
        return [];
    }
  };
  return {
    handle,
    get facts() {
      return { stock, payment, order };
    },
  };
};

export interface Facts {
  readonly stock: string;
  readonly payment: string;
  readonly order: string;
}

/** What must hold once a saga is at rest and every message has arrived. Answers the violation. */
export const violation = (status: string, { stock, payment, order }: Facts): string | undefined => {
  const facts = `${status}: stock ${stock}, payment ${payment}, order ${order}`;
  if (payment === "captured" && order === "CANCELLED") return `charge kept and order cancelled (${facts})`;
  if (status === "completed" && !(payment === "captured" && stock === "reserved" && order === "COMPLETED"))
    return facts;
  if (
    status === "compensated" &&
    !(["none", "declined", "voided"].includes(payment) && stock !== "reserved" && order === "CANCELLED")
  ) {
    return facts;
  }
  if (!["completed", "compensated", "parked"].includes(status)) return `did not end (${facts})`;
  return undefined;
};
