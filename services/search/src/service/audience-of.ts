import { ACT_FOR_ANY_CUSTOMER, type Principal } from "@tandem/auth";
import { customerAudience, PUBLIC, STAFF, sellerAudience } from "../model/index-entry.ts";

/**
 * What somebody may find, as the engine's filter: what is open to anyone, one's own, one's own lines, or everything that staff may. It is part of
 * every query, so nothing of anybody else's reaches a hit, a total, a facet or a score.
 */
export const audienceOf = ({ permissions, customerId, sellerId }: Principal): readonly string[] => {
  if (!permissions.has("order.read")) return [PUBLIC];
  if (permissions.has(ACT_FOR_ANY_CUSTOMER)) return [PUBLIC, STAFF];
  return [
    PUBLIC,
    ...(customerId ? [customerAudience(customerId)] : []),
    ...(sellerId ? [sellerAudience(sellerId)] : []),
  ];
};
