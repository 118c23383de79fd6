import { serviceOf } from "@tandem/contracts";
import { newId } from "@tandem/kernel";
import { fuzzService, fuzzTimeoutMs } from "@tandem/testkit/fuzz";
import { expect, it } from "vitest";
import { startHarness } from "./harness.ts";

it("answers whatever the schemas can make without a 5xx, and a refusal changes nothing", {
  timeout: fuzzTimeoutMs,
}, async () => {
  await using harness = await startHarness();
  // The truth alone: engine tables and reindexes move by themselves.
  const fingerprint = async () =>
    (await harness.database.query("select md5(string_agg(p::text, '' order by p::text)) as hash from document_part p"))
      .rows;
  expect(await fuzzService({ ...harness, fingerprint }, serviceOf("search").services, { ids: [newId()] })).toEqual([]);
});
