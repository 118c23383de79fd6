import type { Orm } from "@tandem/postgres";
import type { SigningKeyReader } from "../biz/ports.ts";
import { signingKeyTable } from "./schema.ts";

export const makeSigningKeyReader = (orm: Orm): SigningKeyReader => ({
  listAll: () => orm.select().from(signingKeyTable).orderBy(signingKeyTable.activeFrom),
});
