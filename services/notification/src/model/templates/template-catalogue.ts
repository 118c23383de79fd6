import { templateNotFound } from "../errors.ts";
import type { TemplateDefinition } from "../template.ts";
import {
  abandonedCart,
  confirmEmail,
  loginLocked,
  resetPassword,
  sessionReused,
  welcome,
} from "./account-templates.ts";
import {
  orderCancelled,
  orderCompleted,
  orderConfirmed,
  orderReturned,
  orderShortened,
  paymentFailed,
  paymentRefunded,
  returnRequested,
} from "./order-templates.ts";
import { shipmentDelivered, shipmentDispatched, shipmentFailed } from "./shipment-templates.ts";

/** Every message that we write, by name. */
export const templateCatalogue: readonly TemplateDefinition[] = [
  welcome,
  confirmEmail,
  resetPassword,
  loginLocked,
  sessionReused,
  abandonedCart,
  orderCancelled,
  orderCompleted,
  orderConfirmed,
  returnRequested,
  orderReturned,
  orderShortened,
  paymentFailed,
  paymentRefunded,
  shipmentDelivered,
  shipmentDispatched,
  shipmentFailed,
];

const byName = new Map(templateCatalogue.map((template) => [template.name, template]));

/** @throws AppError `notification.template_not_found` */
export const templateNamed = (name: string): TemplateDefinition => {
  const template = byName.get(name);
  if (!template) throw templateNotFound(name);
  return template;
};
