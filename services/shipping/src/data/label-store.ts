import type { Database } from "@tandem/postgres";
import type { LabelStore } from "../biz/ports.ts";

export const makeLabelStore = (database: Pick<Database, "query">): LabelStore => ({
  async find(shipmentId) {
    const { rows } = await database.query<{ pdf: Buffer }>({
      name: "label find",
      text: "select pdf from label_document where shipment_id = $1",
      values: [shipmentId],
    });
    return rows[0]?.pdf;
  },

  // Not for somebody who was forgotten while it was printed.
  async save(shipmentId, pdf) {
    await database.query({
      name: "label save",
      text: `insert into label_document (shipment_id, pdf)
        select id, $2 from shipment where id = $1 and not erased on conflict (shipment_id) do nothing`,
      values: [shipmentId, Buffer.from(pdf)],
    });
  },
});
