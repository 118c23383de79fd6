import type { TemplateDefinition, VariableKinds } from "../template.ts";
import { composeTexts, helloDe, helloEn } from "./compose-texts.ts";
import { orderNames, sampleOrder } from "./order-templates.ts";

const parcelLines = { lines: { name: "text", quantity: "number" } } as const satisfies VariableKinds;
const sampleLines = { lines: [{ name: "Desk lamp", quantity: 2 }] };

export const shipmentDispatched: TemplateDefinition = {
  name: "shipment.dispatched",
  category: "ORDER",
  urgent: false,
  channels: ["EMAIL", "SMS"],
  variables: { ...orderNames, ...parcelLines, carrier: "text", trackingNumber: "text" },
  sample: { ...sampleOrder, ...sampleLines, carrier: "DHL", trackingNumber: "JD0146000" },
  texts: {
    en: composeTexts(
      "A parcel of your order {{orderNumber}} is on its way",
      [
        helloEn,
        "a parcel of your order {{orderId}} is on its way with {{carrier}}, tracking number {{trackingNumber}}:",
        { each: "lines", line: "{{quantity}} × {{name}}" },
      ],
      "Tandem: a parcel of order {{orderNumber}} is on its way with {{carrier}}, {{trackingNumber}}.",
    ),
    de: composeTexts(
      "Ein Paket Ihrer Bestellung {{orderNumber}} ist unterwegs",
      [
        helloDe,
        "ein Paket Ihrer Bestellung {{orderId}} ist mit {{carrier}} unterwegs, Sendungsnummer {{trackingNumber}}:",
        { each: "lines", line: "{{quantity}} × {{name}}" },
      ],
      "Tandem: Ein Paket der Bestellung {{orderNumber}} ist mit {{carrier}} unterwegs, {{trackingNumber}}.",
    ),
  },
};

export const shipmentDelivered: TemplateDefinition = {
  name: "shipment.delivered",
  category: "ORDER",
  urgent: false,
  channels: ["EMAIL", "SMS"],
  variables: { ...orderNames, ...parcelLines, deliveredAt: "time" },
  sample: { ...sampleOrder, ...sampleLines, deliveredAt: "2026-11-23T09:30:00.000Z" },
  texts: {
    en: composeTexts(
      "A parcel of your order {{orderNumber}} has arrived",
      [
        helloEn,
        "a parcel of your order {{orderId}} was delivered on {{deliveredAt}}:",
        { each: "lines", line: "{{quantity}} × {{name}}" },
      ],
      "Tandem: a parcel of order {{orderNumber}} was delivered.",
    ),
    de: composeTexts(
      "Ein Paket Ihrer Bestellung {{orderNumber}} ist angekommen",
      [
        helloDe,
        "ein Paket Ihrer Bestellung {{orderId}} wurde zugestellt, {{deliveredAt}}:",
        { each: "lines", line: "{{quantity}} × {{name}}" },
      ],
      "Tandem: Ein Paket der Bestellung {{orderNumber}} wurde zugestellt.",
    ),
  },
};

export const shipmentFailed: TemplateDefinition = {
  name: "shipment.failed",
  category: "ORDER",
  urgent: false,
  channels: ["EMAIL", "SMS"],
  variables: { ...orderNames, lost: "text" },
  sample: { ...sampleOrder, lost: "" },
  texts: {
    en: composeTexts(
      "A parcel of your order {{orderNumber}} could not be delivered",
      [
        helloEn,
        "we are sorry: a parcel of your order {{orderId}} {{#lost}}was lost on its way{{/lost}}{{^lost}}could not be delivered and goes back{{/lost}}. We see to it and write again.",
      ],
      "Tandem: a parcel of order {{orderNumber}} could not be delivered. See your mail.",
    ),
    de: composeTexts(
      "Ein Paket Ihrer Bestellung {{orderNumber}} konnte nicht zugestellt werden",
      [
        helloDe,
        "es tut uns leid: Ein Paket Ihrer Bestellung {{orderId}} {{#lost}}ging unterwegs verloren{{/lost}}{{^lost}}konnte nicht zugestellt werden und geht zurück{{/lost}}. Wir kümmern uns und schreiben Ihnen wieder.",
      ],
      "Tandem: Ein Paket der Bestellung {{orderNumber}} konnte nicht zugestellt werden. Näheres per E-Mail.",
    ),
  },
};
