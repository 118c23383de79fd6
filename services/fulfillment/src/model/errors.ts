import { AppError } from "@tandem/kernel";
import type { FulfillmentStatus } from "./fulfillment.ts";

export const fulfillmentNotFound = (fulfillmentId: string) =>
  new AppError("not_found", "fulfillment.not_found", `There is no fulfillment ${fulfillmentId}.`);

export const transitionInvalid = (from: FulfillmentStatus, to: FulfillmentStatus) =>
  new AppError(
    "failed_precondition",
    "fulfillment.transition_invalid",
    `What is ${from.toLowerCase()} cannot become ${to.toLowerCase()}.`,
    { details: [{ field: "status", rule: "transition", message: `it is ${from}` }] },
  );

export const alreadyHandedOver = (fulfillmentId: string, status: FulfillmentStatus) =>
  new AppError(
    "failed_precondition",
    "fulfillment.already_handed_over",
    `Fulfillment ${fulfillmentId} is ${status.toLowerCase()}: it can be returned, not cancelled.`,
  );

export const lineUnknown = (productId: string) =>
  new AppError("invalid_argument", "fulfillment.line_unknown", `Product ${productId} is not to be sent here.`, {
    details: [{ field: "lines.productId", rule: "exists", message: "unknown product" }],
  });

export const pickedTooMany = (productId: string, quantity: number) =>
  new AppError(
    "invalid_argument",
    "fulfillment.picked_too_many",
    `Of product ${productId} only ${quantity} are sent.`,
    {
      details: [{ field: "lines.picked", rule: "max", message: `at most ${quantity}` }],
    },
  );

export const piecesMissing = (missing: number) =>
  new AppError(
    "failed_precondition",
    "fulfillment.pieces_missing",
    `${missing} pieces are missing: say whether they follow or are never sent.`,
    { details: [{ field: "missing", rule: "required", message: "BACKORDER or SHORT" }] },
  );

export const nothingPicked = (fulfillmentId: string) =>
  new AppError("failed_precondition", "fulfillment.nothing_picked", `Of ${fulfillmentId} nothing was picked.`);

/** Nothing will make it right, so it becomes a dead letter at once. */
export const eventIncomplete = (orderId: string, field: string) =>
  new AppError("invalid_argument", "event.incomplete", `The event about order ${orderId} lacks ${field}.`, {
    details: [{ field, rule: "required", message: "missing" }],
  });
