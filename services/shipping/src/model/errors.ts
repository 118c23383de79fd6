import { AppError } from "@tandem/kernel";

export const shipmentNotFound = (id: string) =>
  new AppError("not_found", "shipping.shipment_not_found", `There is no shipment ${id}.`);

export const orderUnknown = (orderId: string) =>
  new AppError("not_found", "shipping.order_unknown", `No parcel of yours belongs to order ${orderId}.`, {
    details: [{ field: "orderId", rule: "exists", message: "no parcel of this seller for this order" }],
  });

export const transitionInvalid = (status: string, wish: string) =>
  new AppError(
    "failed_precondition",
    "shipping.transition_invalid",
    `A ${status.toLowerCase()} shipment cannot be ${wish}.`,
  );

export const notPickedUpByHand = () =>
  new AppError(
    "failed_precondition",
    "shipping.transition_invalid",
    "Only extra parcels are picked up by hand: others when they are handed over.",
  );

export const alreadyHandedOver = (id: string) =>
  new AppError(
    "failed_precondition",
    "shipping.already_handed_over",
    `The carrier has the parcel of shipment ${id}, or is on its way to it.`,
  );

export const labelNotReady = (id: string) =>
  new AppError("failed_precondition", "shipping.label_not_ready", `Shipment ${id} has no label now.`);

export const carriersUnavailable = () =>
  new AppError("unavailable", "shipping.carriers_unavailable", "No carrier answers at the moment.");

export const carrierTimeout = () =>
  new AppError("deadline_exceeded", "shipping.carrier_timeout", "The carrier did not answer in time.");

export const carrierUnknown = (carrier: string) =>
  new AppError("not_found", "shipping.carrier_unknown", `There is no carrier ${carrier}.`);

/** One answer for every way to be wrong: nothing to learn for who tries. */
export const webhookSignatureInvalid = () =>
  new AppError(
    "unauthenticated",
    "shipping.webhook_signature_invalid",
    "The webhook's signature is missing, wrong or too old.",
  );

export const webhookMalformed = () =>
  new AppError("invalid_argument", "shipping.webhook_malformed", "The webhook is not one that this carrier sends.");

export const eventIncomplete = (id: string, field: string) =>
  new AppError("invalid_argument", "event.incomplete", `The event about ${id} lacks its ${field}.`);
