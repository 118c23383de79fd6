import { AppError } from "@tandem/kernel";

/** An event without what its contract promises: nothing will make it right, so it becomes a dead letter at once. */
export const orderIncomplete = (orderId: string, field: string) =>
  new AppError("invalid_argument", "event.incomplete", `The event about order ${orderId} lacks ${field}.`, {
    details: [{ field, rule: "required", message: "missing" }],
  });
