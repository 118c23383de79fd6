import { createTestDatabase } from "@tandem/testkit";
import { createPostgresEngine } from "../src/client/postgres/postgres-engine.ts";
import { migrations } from "../src/migrate.ts";
import { describeEngine } from "./engine-contract.ts";

describeEngine("Postgres", true, async () => {
  const test = await createTestDatabase({ sets: migrations });
  return {
    engine: createPostgresEngine({ database: test.database }),
    [Symbol.asyncDispose]: () => test.dispose(),
  };
});
