import { SellerChangedSchema, SellerStatus } from "@tandem/contracts/catalog";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFollowSeller } from "../../biz/put-documents.ts";

/**
 * Takes what a suspended seller offers out of everybody's sight, and brings it back. Early, before their products: kept. Again or too late: an older
 * version changes nothing. A new name is none of the index's business.
 */
export const onSellerChanged = (deps: { readonly followSeller: ReturnType<typeof makeFollowSeller> }): Consumer =>
  defineConsumer({
    name: "search.on-seller-changed",
    event: SellerChangedSchema,
    handle: async ({ sellerId, aggregateVersion, seller }, { signal }) => {
      await deps.followSeller(sellerId, aggregateVersion, seller?.status === SellerStatus.SUSPENDED, signal);
    },
  });
