import type { TemplateDefinition, VariableKinds } from "../template.ts";
import { composeTexts, helloDe, helloEn } from "./compose-texts.ts";

export const sampleOrderId = "01936b2e-0000-7000-8000-00000000abcd";
export const orderNames = { orderId: "text", orderNumber: "text" } as const satisfies VariableKinds;
export const sampleOrder = { orderId: sampleOrderId, orderNumber: "0000ABCD" };
const sampleMoney = { currency: "EUR", minor: "6462" };
const orderLines = { lines: { name: "text", quantity: "number", total: "money" } } as const satisfies VariableKinds;
const sampleLines = { lines: [{ name: "Desk lamp", quantity: 2, total: sampleMoney }] };

export const orderConfirmed: TemplateDefinition = {
  name: "order.confirmed",
  category: "ORDER",
  urgent: true,
  channels: ["EMAIL"],
  variables: { ...orderNames, ...orderLines, total: "money", orderedAt: "time" },
  sample: { ...sampleOrder, ...sampleLines, total: sampleMoney, orderedAt: "2026-11-21T10:00:00.000Z" },
  texts: {
    en: composeTexts("Your order {{orderNumber}} is confirmed", [
      helloEn,
      "thank you for your order {{orderId}} of {{orderedAt}}:",
      { each: "lines", line: "{{quantity}} × {{name}}: {{total}}" },
      "Total, tax included: {{total}}",
      "We write again when it is on its way.",
    ]),
    de: composeTexts("Ihre Bestellung {{orderNumber}} ist bestätigt", [
      helloDe,
      "vielen Dank für Ihre Bestellung {{orderId}} vom {{orderedAt}}:",
      { each: "lines", line: "{{quantity}} × {{name}}: {{total}}" },
      "Gesamtbetrag inklusive Steuern: {{total}}",
      "Wir schreiben Ihnen wieder, wenn sie unterwegs ist.",
    ]),
  },
};

export const orderCancelled: TemplateDefinition = {
  name: "order.cancelled",
  category: "ORDER",
  urgent: true,
  channels: ["EMAIL"],
  variables: {
    ...orderNames,
    total: "money",
    outOfStock: "text",
    paymentFailed: "text",
    requested: "text",
    undelivered: "text",
    other: "text",
  },
  sample: {
    ...sampleOrder,
    total: sampleMoney,
    outOfStock: "yes",
    paymentFailed: "",
    requested: "",
    undelivered: "",
    other: "",
  },
  texts: {
    en: composeTexts("Your order {{orderNumber}} is cancelled", [
      helloEn,
      "your order {{orderId}} over {{total}} is cancelled{{#requested}}, as you asked{{/requested}}{{#outOfStock}}: an article is no longer in stock{{/outOfStock}}{{#paymentFailed}}: the payment did not work{{/paymentFailed}}{{#undelivered}}: it could not be delivered{{/undelivered}}{{#other}}: it could not be processed in time{{/other}}.",
      "What you have paid for it, you get back.",
    ]),
    de: composeTexts("Ihre Bestellung {{orderNumber}} ist storniert", [
      helloDe,
      "Ihre Bestellung {{orderId}} über {{total}} ist storniert{{#requested}}, wie von Ihnen gewünscht{{/requested}}{{#outOfStock}}: Ein Artikel ist nicht mehr vorrätig{{/outOfStock}}{{#paymentFailed}}: Die Zahlung ist fehlgeschlagen{{/paymentFailed}}{{#undelivered}}: Sie konnte nicht zugestellt werden{{/undelivered}}{{#other}}: Sie konnte nicht rechtzeitig bearbeitet werden{{/other}}.",
      "Was Sie dafür bezahlt haben, erhalten Sie zurück.",
    ]),
  },
};

export const orderShortened: TemplateDefinition = {
  name: "order.shortened",
  category: "ORDER",
  urgent: false,
  channels: ["EMAIL"],
  variables: { ...orderNames, lines: { name: "text", quantity: "number", short: "number" }, total: "money" },
  sample: { ...sampleOrder, lines: [{ name: "Desk lamp", quantity: 1, short: 1 }], total: sampleMoney },
  texts: {
    en: composeTexts("A part of your order {{orderNumber}} cannot be sent", [
      helloEn,
      "we are sorry: of your order {{orderId}} these pieces cannot be sent:",
      { each: "lines", line: "{{short}} × {{name}}" },
      "You pay only for what you get, now {{total}}.",
    ]),
    de: composeTexts("Ein Teil Ihrer Bestellung {{orderNumber}} kann nicht geliefert werden", [
      helloDe,
      "es tut uns leid: Aus Ihrer Bestellung {{orderId}} können wir Folgendes nicht liefern:",
      { each: "lines", line: "{{short}} × {{name}}" },
      "Sie zahlen nur, was Sie erhalten, jetzt {{total}}.",
    ]),
  },
};

export const orderCompleted: TemplateDefinition = {
  name: "order.completed",
  category: "ORDER",
  urgent: false,
  channels: ["EMAIL"],
  variables: { ...orderNames, total: "money" },
  sample: { ...sampleOrder, total: sampleMoney },
  texts: {
    en: composeTexts("Your order {{orderNumber}} is complete", [
      helloEn,
      "your order {{orderId}} over {{total}} is delivered and paid. Thank you, and enjoy it.",
    ]),
    de: composeTexts("Ihre Bestellung {{orderNumber}} ist abgeschlossen", [
      helloDe,
      "Ihre Bestellung {{orderId}} über {{total}} ist geliefert und bezahlt. Vielen Dank und viel Freude damit.",
    ]),
  },
};

const returnVariables = { ...orderNames, returnId: "text", refund: "money" } as const satisfies VariableKinds;
const sampleReturn = { ...sampleOrder, returnId: "01936b2e-0000-7000-8000-000000000001", refund: sampleMoney };

export const returnRequested: TemplateDefinition = {
  name: "order.return_requested",
  category: "ORDER",
  urgent: false,
  channels: ["EMAIL"],
  variables: returnVariables,
  sample: sampleReturn,
  texts: {
    en: composeTexts("Your return for order {{orderNumber}}", [
      helloEn,
      "we have noted your return {{returnId}} for order {{orderId}}. Its label is under way to you.",
      "When the goods are back, you get {{refund}}.",
    ]),
    de: composeTexts("Ihre Rücksendung zur Bestellung {{orderNumber}}", [
      helloDe,
      "wir haben Ihre Rücksendung {{returnId}} zur Bestellung {{orderId}} aufgenommen. Das Etikett ist unterwegs zu Ihnen.",
      "Sobald die Ware zurück ist, erhalten Sie {{refund}}.",
    ]),
  },
};

export const orderReturned: TemplateDefinition = {
  name: "order.returned",
  category: "ORDER",
  urgent: false,
  channels: ["EMAIL"],
  variables: returnVariables,
  sample: sampleReturn,
  texts: {
    en: composeTexts("Your return for order {{orderNumber}} has arrived", [
      helloEn,
      "the goods of your return {{returnId}} for order {{orderId}} are back with us. {{refund}} are on their way to you.",
    ]),
    de: composeTexts("Ihre Rücksendung zur Bestellung {{orderNumber}} ist angekommen", [
      helloDe,
      "die Ware Ihrer Rücksendung {{returnId}} zur Bestellung {{orderId}} ist bei uns. {{refund}} sind unterwegs zu Ihnen.",
    ]),
  },
};

export const paymentFailed: TemplateDefinition = {
  name: "payment.failed",
  category: "ORDER",
  urgent: true,
  channels: ["EMAIL"],
  variables: { ...orderNames, amount: "money" },
  sample: { ...sampleOrder, amount: sampleMoney },
  texts: {
    en: composeTexts("The payment for order {{orderNumber}} did not work", [
      helloEn,
      "your bank did not approve the payment of {{amount}} for order {{orderId}}. Nothing was charged.",
      "Please order again with another means of payment.",
    ]),
    de: composeTexts("Die Zahlung zur Bestellung {{orderNumber}} ist fehlgeschlagen", [
      helloDe,
      "Ihre Bank hat die Zahlung von {{amount}} zur Bestellung {{orderId}} nicht genehmigt. Es wurde nichts abgebucht.",
      "Bitte bestellen Sie erneut mit einem anderen Zahlungsmittel.",
    ]),
  },
};

export const paymentRefunded: TemplateDefinition = {
  name: "payment.refunded",
  category: "ORDER",
  urgent: false,
  channels: ["EMAIL"],
  variables: { ...orderNames, amount: "money" },
  sample: { ...sampleOrder, amount: sampleMoney },
  texts: {
    en: composeTexts("{{amount}} for order {{orderNumber}} are on their way back", [
      helloEn,
      "we have sent back {{amount}} for your order {{orderId}}. It takes your bank a few days to show it.",
    ]),
    de: composeTexts("{{amount}} zur Bestellung {{orderNumber}} sind unterwegs zu Ihnen", [
      helloDe,
      "wir haben {{amount}} zu Ihrer Bestellung {{orderId}} zurücküberwiesen. Bis Ihre Bank es zeigt, vergehen einige Tage.",
    ]),
  },
};
