import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WarehouseService } from "@tandem/contracts/warehouse";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestTokens } from "../src/create-test-tokens.ts";
import { type FuzzTarget, fuzzService } from "../src/fuzz/fuzz-service.ts";

let writes = 0;
let answer: (path: string, method: string) => readonly [status: number, text: string];
const seen = new Set<string>();
const server = createServer((request, response) => {
  const path = request.url ?? "";
  seen.add(`${request.method} ${path.split("?")[0]}`);
  request.resume().on("end", () => {
    const [status, text] = answer(path, request.method ?? "");
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  });
});
let service: FuzzTarget;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  service = { url, tokens: await createTestTokens(), fingerprint: async () => writes };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const fuzz = () => fuzzService(service, [WarehouseService], { requests: 3, seed: 1 });

it("is content with a service that refuses all and changes nothing", async () => {
  answer = () => [400, '{"code":101}'];
  expect(await fuzz()).toEqual([]);
  expect([...seen]).toContain("POST /tandem.warehouse.v1.WarehouseService/AdjustStock");
  expect([...seen].filter((one) => /^POST \/stock\/[^/]+\/adjustments$/.test(one))).not.toEqual([]);
});

it("names the request of a 5xx, and says so when an answer shows internals", async () => {
  answer = (path) => (path.endsWith("/GetStock") ? [500, 'duplicate key value "stock_pkey"'] : [400, "{}"]);
  const found = await fuzz();
  expect(found.filter((one) => one.includes("seed 1: an error of ours: POST /tandem.warehouse"))).toHaveLength(3);
  expect(found.filter((one) => one.includes("shows internals"))).toHaveLength(3);
});

it("notices a refusal, and a read, that changed something", async () => {
  answer = (path) => {
    if (path.endsWith("/AdjustStock") || path.endsWith("/GetStock")) writes += 1;
    return [path.endsWith("/GetStock") ? 200 : 422, "{}"];
  };
  const found = await fuzz();
  expect(found.filter((one) => one.includes("refused, and yet something changed"))).toHaveLength(3);
  expect(found.filter((one) => one.includes("a read changed something"))).toHaveLength(3);
});
