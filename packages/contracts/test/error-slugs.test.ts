import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { errorCatalogue } from "../src/index.ts";

const root = join(import.meta.dirname, "../../..");
// Errors that end a process at its start, or that only a probe sees: nobody calls an API to get them.
const unseen =
  /^(embedded_postgres|migration|sidecar|relay|replay)\.|^dapr\.(subscription_invalid|cancelled)$|^postgres\.bad_name$/;

const thrown = globSync(["packages/*/src/**/*.ts", "services/*/src/**/*.ts"], { cwd: root }).flatMap((file) => {
  const source = readFileSync(join(root, file), "utf8");
  return [...source.matchAll(/new AppError\(\s*"(\w+)",\s*"([\w.]+)"/g)]
    .map(([, kind = "", slug = ""]) => ({ file, kind, slug }))
    .filter(({ kind, slug }) => kind !== "internal" && !unseen.test(slug)); // internal ones become rpc.internal
});

describe("an AppError in the code that callers may see", () => {
  it("is declared in proto/tandem/<context>/v1/<context>_errors.proto (or common_errors.proto)", () => {
    const missing = thrown.filter(({ slug }) => !errorCatalogue[slug]);
    expect(thrown.length).toBeGreaterThan(30);
    expect(missing.map(({ slug, kind, file }) => `${slug} (${kind}) in ${file}`)).toEqual([]);
  });

  it("names fields as callers write them in JSON, and as the rules of protovalidate do: in lowerCamelCase", () => {
    const named = globSync(["packages/*/src/**/*.ts", "services/*/src/**/*.ts"], { cwd: root }).flatMap((file) => {
      const source = readFileSync(join(root, file), "utf8");
      const found = source.matchAll(/details: \[\{ field: "([^"]+)"|\w+Invalid\(\s*"([^"]+)"/g);
      return [...found].map(([, detail, argument]) => ({ file, field: detail ?? argument ?? "" }));
    });
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter(({ field }) => field.includes("_"))).toEqual([]);
  });

  it("has the kind that it is declared with", () => {
    const differing = thrown.filter(({ slug, kind }) => errorCatalogue[slug] && errorCatalogue[slug].kind !== kind);
    expect(differing.map(({ slug, kind, file }) => `${slug}: ${kind} in ${file}`)).toEqual([]);
  });
});
