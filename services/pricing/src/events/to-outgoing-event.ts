import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { PriceChangeCause, PriceChangedSchema } from "@tandem/contracts/pricing";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { PricingEvent } from "../model/pricing-events.ts";
import { priceToProto } from "./to-proto.ts";

export const toOutgoingEvent = ({ productId, version, prices, cause, at }: PricingEvent): OutgoingEvent =>
  newEvent(PriceChangedSchema, {
    productId,
    aggregateVersion: version,
    occurredAt: timestampFromDate(at),
    prices: prices.map(priceToProto),
    cause: PriceChangeCause[cause],
  });
