import { labelNotReady } from "../model/errors.ts";
import type { Shipment } from "../model/shipment.ts";
import type { LabelPrinter, LabelStore } from "./ports.ts";

export interface GetLabelDeps {
  readonly labels: LabelStore;
  readonly printer: LabelPrinter;
}

const mayPrint = ({ status, cancelledBy, erased, trackingNumber, routingCode }: Shipment): boolean =>
  trackingNumber !== "" && routingCode !== "" && status !== "CANCELLED" && !cancelledBy && !erased;

/** The label, printed once and kept. @throws AppError `shipping.label_not_ready` before it is booked and after it is cancelled */
export const makeGetLabel =
  ({ labels, printer }: GetLabelDeps) =>
  async (shipment: Shipment): Promise<Uint8Array> => {
    if (!mayPrint(shipment)) throw labelNotReady(shipment.id);
    const kept = await labels.find(shipment.id);
    if (kept) return kept;
    const pdf = await printer.print(shipment);
    await labels.save(shipment.id, pdf);
    return pdf;
  };
