import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { environments } from "../../src/environments/index.ts";
import { chooseContext, createKubectl } from "../../src/secrets/kubectl.ts";
import { makeSecrets, planFor } from "../../src/secrets/make-secrets.ts";
import { platform } from "../fixtures.ts";

// A stand-in for kubectl that keeps what is applied in a file: what the real one does with it was tried on a real API server.
const STAND_IN = `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require("node:fs");
const [file, log] = [__dirname + "/state.json", __dirname + "/calls.log"];
const args = process.argv.slice(2);
appendFileSync(log, args.join(" ") + "\\n");
const context = args[0] === "--context" ? args.splice(0, 2)[1] : "kind-tandem";
if (context === "kind-away") { console.error("a warning\\nThe connection to the server was refused"); process.exit(1); }
const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
if (args[0] === "config") console.log("kind-tandem");
else if (args[0] === "get") {
  const namespace = args[args.indexOf("--namespace") + 1];
  const items = Object.values(state).filter(({ kind, metadata }) => kind === "Secret" && metadata.namespace === namespace);
  console.log(JSON.stringify({ items }));
} else {
  for (const object of JSON.parse(readFileSync(0, "utf8")).items) {
    const { stringData = {}, metadata, kind } = object;
    const data = Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
    state[kind + " " + metadata.namespace + " " + metadata.name] = { kind, metadata, data };
  }
  writeFileSync(file, JSON.stringify(state));
}
`;

let dir = "";
let command = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "tandem-secrets-"));
  command = join(dir, "kubectl.cjs");
  await writeFile(command, STAND_IN);
  await chmod(command, 0o755);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const make = (context = "kind-tandem") => makeSecrets(createKubectl(context, command), platform, environments.local);
const callsOf = async () => (await readFile(join(dir, "calls.log"), "utf8")).trim().split("\n");

describe("makeSecrets", () => {
  it("makes the namespaces and every secret, and the second time nothing", async () => {
    const { made, changed, kept } = await make();
    expect([changed, kept]).toEqual([0, 0]);
    expect(await make()).toEqual({ made: 0, changed: 0, kept: made });
    const state = JSON.parse(await readFile(join(dir, "state.json"), "utf8"));
    expect(state["Namespace undefined tandem-stores"].metadata.labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": "restricted",
    });
  });

  it("applies on the server, in the context that was asked for", async () => {
    await make("kind-mine");
    const calls = await callsOf();
    expect(calls.every((call) => call.startsWith("--context kind-mine "))).toBe(true);
    const applied = calls.filter((call) => call.includes(" apply "));
    expect(applied.length).toBe(2);
    for (const call of applied) expect(call).toContain("--server-side");
  });

  it("completes a secret that lost a key", async () => {
    const { made } = await make();
    const file = join(dir, "state.json");
    const state = JSON.parse(await readFile(file, "utf8"));
    delete state["Secret tandem order"].data.DATABASE_URL;
    await writeFile(file, JSON.stringify(state));
    expect(await make()).toEqual({ made: 0, changed: 1, kept: made - 1 });
  });

  it("says in kubectl's last words why the cluster cannot be reached", async () => {
    await expect(make("kind-away")).rejects.toThrow("kubectl apply failed: The connection to the server was refused");
  });
});

describe("bad input", () => {
  it("is a machine without kubectl", async () => {
    await expect(createKubectl("kind-tandem", join(dir, "nothing")).run(["version"])).rejects.toThrow(
      /^there is no .*nothing on PATH: https:\/\/kubernetes\.io\/docs\/tasks\/tools$/,
    );
  });

  it("is a context that is none of kind's, unless somebody is sure", async () => {
    const kubectl = createKubectl(undefined, command);
    await expect(chooseContext(kubectl, "prod-eu", false)).rejects.toThrow(
      "the context prod-eu is none of kind's: name another with --context, or say --yes to write secrets there",
    );
    expect(await chooseContext(kubectl, "prod-eu", true)).toBe("prod-eu");
    expect(await chooseContext(kubectl, undefined, false)).toBe("kind-tandem");
  });

  it.each([
    [environments.staging, "staging does not generate its secrets: they come from the store tandem-staging"],
    [environments.production, "production does not generate its secrets: they come from the store tandem-production"],
  ])("is an environment that has its secrets from elsewhere", (environment, message) => {
    expect(() => planFor(platform, environment, {})).toThrow(message);
  });
});
