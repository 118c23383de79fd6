import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { environments } from "../../src/environments/index.ts";
import { promote } from "../../src/promote/promote.ts";
import { synthesize } from "../../src/synth.ts";
import { writeFiles } from "../../src/write-files.ts";
import { platform } from "../fixtures.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "tandem-promote-"));
  mkdirSync(join(root, "charts/images"), { recursive: true });
  await writeFiles(join(root, "k8s"), synthesize(platform, environments.staging).files, ["staging"]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const offer = (versions: unknown): string => {
  const file = join(root, "digests.json");
  writeFileSync(file, JSON.stringify(versions));
  return file;
};

const to = (from: string, services: readonly string[] = []) =>
  promote(platform, { environment: "staging", from, services, root });

test("a digest that is offered runs in that context, and nothing else changes", async () => {
  const { changes, written } = await to(offer({ order: digest("a") }));
  expect(changes).toEqual([{ image: "order", from: platform.images.staging["order"], to: digest("a") }]);
  expect(written.every((line) => line.includes("staging/30-contexts/order/"))).toBe(true);
  expect(readFileSync(join(root, "k8s/staging/30-contexts/order/api.yaml"), "utf8")).toContain(
    `ghcr.io/tandem-commerce/tandem/order@${digest("a")}`,
  );
  const images = JSON.parse(readFileSync(join(root, "charts/images/staging.json"), "utf8"));
  expect(images).toEqual({ ...platform.images.staging, order: digest("a") });
});

test("only the services that are named are promoted", async () => {
  const { changes } = await to(offer({ order: digest("a"), payment: digest("b") }), ["payment"]);
  expect(changes.map(({ image }) => image)).toEqual(["payment"]);
});

test("from another environment comes what both run", async () => {
  const images = { ...platform.images, local: { ...platform.images.staging, "local-inbox": "dev", auth: digest("c") } };
  const { changes } = await promote(
    { ...platform, images },
    { environment: "staging", from: "local", services: [], root },
  );
  expect(changes.map(({ image }) => image)).toEqual(["auth"]);
});

test("what only another environment needs is left alone: a build of everything can be promoted", async () => {
  const { changes } = await to(offer({ order: digest("a"), "local-inbox": digest("b") }));
  expect(changes.map(({ image }) => image)).toEqual(["order"]);
});

test("a promotion of what runs already writes nothing", async () => {
  expect(await to(offer({ order: platform.images.staging["order"] }))).toEqual({ changes: [], written: [] });
});

describe("refused, in a sentence that names what is wrong, with nothing written", () => {
  test.each<[string, () => Promise<unknown>, RegExp]>([
    ["the tag latest", () => to(offer({ order: "latest" })), /"latest" for "order", a tag that moves/],
    ["a branch's tag", () => to(offer({ order: "main" })), /"main" for "order", a tag that moves/],
    ["a laptop's images", () => to("local"), /local has "dev" for "order", a tag that moves/],
    [
      "a service that nobody knows",
      () => to(offer({ ordre: digest("a") })),
      /names "ordre", which staging does not run/,
    ],
    [
      "a service that nobody knows, asked for",
      () => to(offer({ order: digest("a") }), ["ordre"]),
      /--service names "ordre", which staging does not run/,
    ],
    ["a service that is not offered", () => to(offer({ order: digest("a") }), ["auth"]), /has no version of "auth"/],
    ["a file that is not there", () => to("nowhere.json"), /nowhere\.json is neither an environment/],
    ["a file that is no object of texts", () => to(offer(["order"])), /must be a JSON object/],
    ["the environment itself", () => to("staging"), /--from staging is --environment staging/],
    [
      "an environment that nobody knows",
      () => promote(platform, { environment: "stagging", from: "local", services: [], root }),
      /no environment "stagging"/,
    ],
  ])("%s", async (_, attempt, sentence) => {
    await expect(attempt()).rejects.toThrow(sentence);
    expect(() => readFileSync(join(root, "charts/images/staging.json"))).toThrow(/ENOENT/);
  });
});
