import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PageRequestSchema } from "@tandem/contracts/common";

/** The page after the cursor; the first one for none. */
export const pageAt = (cursor: string): MessageInitShape<typeof PageRequestSchema> => ({
  limit: 100,
  ...(cursor === "" ? {} : { position: { case: "cursor", value: cursor } }),
});
