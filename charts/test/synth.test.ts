import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Platform } from "../src/platform.ts";
import { runSynth } from "../src/run-synth.ts";
import { allEnvironments, extraContext, find, objectsOf, platform, withContext } from "./fixtures.ts";

const out = await mkdtemp(join(tmpdir(), "tandem-synth-"));
afterAll(() => rm(out, { recursive: true, force: true }));

const run = async (argv: readonly string[], of: Platform = platform) => {
  const written: string[] = [];
  const failed: string[] = [];
  const code = await runSynth([...argv, "--out", out], {
    readPlatform: () => Promise.resolve(of),
    write: (text) => void written.push(text),
    fail: (sentence) => void failed.push(sentence),
  });
  return { code, written: written.join(""), failed };
};

const twice = (of: Platform, context: string, number: number): Platform => ({
  ...of,
  contexts: of.contexts.map((entry) => (entry.context === context ? { ...entry, number } : entry)),
});

const withImages = (
  change: (local: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
): Platform => ({
  ...platform,
  images: { ...platform.images, local: change(platform.images.local) },
});

describe("bad input", () => {
  const { order: _, ...withoutOrder } = platform.images.local;
  it.each<[what: string, sentence: string, argv: readonly string[], of: Platform]>([
    [
      "a wrong environment",
      'there is no environment "prod"; there are local, staging, production',
      ["--environment", "prod"],
      platform,
    ],
    [
      "a port that is taken twice",
      "port 8001 is taken twice: by order and by payment",
      [],
      twice(platform, "payment", 1),
    ],
    [
      "a port that the sidecar has",
      "port 9090 is taken twice: by payment and by its sidecar (metrics)",
      [],
      twice(platform, "payment", 90),
    ],
    [
      "a number beyond the ports",
      "the number of payment is 100: its ports are 80NN and 90NN, so 1 to 99",
      [],
      twice(platform, "payment", 100),
    ],
    [
      "a name that is there already",
      "the context order is taken twice: by order and by order",
      [],
      withContext({ ...extraContext, context: "order" }),
    ],
    [
      "a name that is none",
      '"Loyalty Points" is no name of a context: small letters, digits and hyphens',
      [],
      withContext({ ...extraContext, context: "Loyalty Points" }),
    ],
    [
      "an image of no context",
      'charts/images/local.json names "ordre", which is no context of the catalogue',
      [],
      withImages((local) => ({ ...local, ordre: "dev" })),
    ],
    [
      "an image without a version",
      'charts/images/local.json has no version of the image "order"',
      [],
      withImages(() => withoutOrder),
    ],
    [
      "a version that is none",
      'charts/images/local.json: "order" has neither a tag nor a digest: "sha256:1234"',
      [],
      withImages((local) => ({ ...local, order: "sha256:1234" })),
    ],
    [
      "a version that moves",
      'charts/images/local.json: "order" is "latest", which says nothing: name a version',
      [],
      withImages((local) => ({ ...local, order: "latest" })),
    ],
  ])("%s is named in one sentence, and nothing is written", async (_what, sentence, argv, of) => {
    const { code, failed, written } = await run(argv, of);
    expect(failed).toEqual([sentence]);
    expect({ code, written }).toEqual({ code: 1, written: "" });
    expect(await readdir(out)).toEqual([]);
  });

  it("an unknown option is named, and nothing is written", async () => {
    const { code, failed } = await run(["--enviroment", "local"]);
    expect({ code, count: failed.length }).toEqual({ code: 1, count: 1 });
    expect(failed[0]).toContain("--enviroment");
    expect(await readdir(out)).toEqual([]);
  });
});

describe("an entry in the catalogue", () => {
  it.each(allEnvironments)("is enough for all manifests of a context in $name", (environment) => {
    const kindsOf = (context: string, of: Platform) =>
      objectsOf(environment, of)
        .filter(({ manifest }) => manifest.metadata.labels?.["tandem.dev/context"] === context)
        .map(({ manifest }) => `${manifest.kind} ${manifest.metadata.name}`.replace(context, "<context>"))
        .sort();
    const known = kindsOf("customer", platform);
    expect(kindsOf("loyalty", withContext(extraContext))).toEqual(known);
    expect(known.filter((name) => name.startsWith("Deployment"))).toHaveLength(1 + environment.workerModes.length);
  });

  it("gives auth the new app ids, and the new context its secrets", () => {
    const [, staging] = allEnvironments;
    if (!staging) throw new Error("no staging");
    const objects = objectsOf(staging, withContext(extraContext));
    const { data } = find(objects, "ExternalSecret", "loyalty-worker")["spec"] as { data: { secretKey: string }[] };
    expect(data.map(({ secretKey }) => secretKey)).toEqual(["DATABASE_URL", "AUTH_CLIENT_SECRET"]);
  });
});

describe("what is written", () => {
  it("is the same the next time, is compared, and loses what nobody makes any more", async () => {
    const first = await run(["--environment", "local"]);
    expect(first.code).toBe(0);
    expect(await run(["--environment", "local", "--check"])).toMatchObject({ code: 0, failed: [] });

    await writeFile(join(out, "local/30-contexts/order/old.yaml"), "of a chart that is gone\n");
    await writeFile(join(out, "local/30-contexts/order/api.yaml"), "edited by hand\n");
    await rm(join(out, "local/30-contexts/order/worker.yaml"));
    const checked = await run(["--environment", "local", "--check"]);
    expect(checked.code).toBe(1);
    expect(checked.written.split("\n").slice(0, 3)).toEqual([
      "changed  local/30-contexts/order/api.yaml",
      "stale    local/30-contexts/order/old.yaml",
      "missing  local/30-contexts/order/worker.yaml",
    ]);

    const again = await run(["--environment", "local"]);
    expect(again.written).toContain("3 written or removed");
    expect(await run(["--environment", "local", "--check"])).toMatchObject({ code: 0 });
  });

  it("leaves alone what stands beside the environments", async () => {
    await writeFile(join(out, "README.md"), "by hand\n");
    await run(["--environment", "local"]);
    expect(await readdir(out)).toContain("README.md");
  });
});
