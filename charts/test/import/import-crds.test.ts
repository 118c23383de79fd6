import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type CrdSource, crdSources } from "../../import/sources.ts";
import { toErasable } from "../../import/to-erasable.ts";
import { type Crd, type Schema, trimCrd } from "../../import/trim-crd.ts";

const text = { type: "string" };
const object = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: "object",
  properties,
  required,
});

const crd: Crd = {
  metadata: { name: "shops.example.com" },
  spec: {
    group: "example.com",
    names: { kind: "Shop" },
    versions: ["v1", "v1beta1"].map((name) => ({
      name,
      schema: {
        openAPIV3Schema: object({
          spec: object(
            { door: text, walls: { type: "array", items: object({ brick: text, glass: text }, ["glass"]) } },
            ["door"],
          ),
          status: object({ open: text }),
        }),
      },
    })),
  },
};

const source: CrdSource = {
  group: "example.com",
  module: "example.com/shop",
  version: "v1.0.0",
  folder: "crds",
  files: ["shop.yaml"],
  versions: ["v1"],
};

const trimmed = (more: Partial<CrdSource>): Schema => {
  const [version] = trimCrd(crd, { ...source, ...more }).spec.versions;
  if (version === undefined) throw new Error("no version is left");
  return version.schema.openAPIV3Schema;
};

describe("a CRD is cut down to what is written", () => {
  test("other versions and the status go", () => {
    expect(trimCrd(crd, source).spec.versions.map(({ name }) => name)).toEqual(["v1"]);
    expect(Object.keys(trimmed({}).properties ?? {})).toEqual(["spec"]);
  });

  test("what is dropped is no longer required, and what is not kept goes, in lists too", () => {
    const { spec } = trimmed({ drop: ["Shop.spec.door"], keep: { "Shop.spec.walls": ["brick"] } }).properties ?? {};
    expect(spec).toMatchObject({ required: [] });
    expect(Object.keys(spec?.properties ?? {})).toEqual(["walls"]);
    expect(spec?.properties?.["walls"]?.items).toEqual(object({ brick: text }));
  });

  test("a path that a new version does not have is said by name", () => {
    expect(() => trimmed({ drop: ["Shop.spec.window"] })).toThrow(/Shop\.spec\.window is not in the CRD/);
    expect(() => trimmed({ keep: { "Shop.spec.walls": ["wood"] } })).toThrow(/Shop\.spec\.walls\.wood/);
    expect(() => trimmed({ versions: ["v2"] })).toThrow(/shops\.example\.com has none of v2/);
  });
});

test("enums and parameter properties become what Node runs by stripping types", () => {
  const generated = `import { ApiObject, ApiObjectMetadata, GroupVersionKind } from 'cdk8s';
import { Construct } from 'constructs';
export enum Colour {
  /** warm */
  RED = "red",
  BLUE_GREEN = "blue-green",
}
export class Count {
  private constructor(public readonly value: number | string) {
  }
}
`;
  const erasable = toErasable(generated);
  expect(() => stripTypeScriptTypes(erasable)).not.toThrow();
  expect(() => stripTypeScriptTypes(generated)).toThrow();
  expect(erasable).toContain('RED: "red",');
  expect(erasable).toContain("export type Colour = (typeof Colour)[keyof typeof Colour];");
});

test.each(crdSources.map((each) => [each.group, each] as const))(
  "%s: the constructs are of the pinned version, every kind of it, and Node runs them",
  (group, { module, version }) => {
    const folder = resolve(import.meta.dirname, "../..");
    const crds = readFileSync(resolve(folder, "crds", `${group}.yaml`), "utf8");
    expect(crds.split("\n")[0]).toContain(`${module}@${version}`);
    const imports = readFileSync(resolve(folder, "imports", `${group}.ts`), "utf8");
    expect(() => stripTypeScriptTypes(imports)).not.toThrow();
    for (const document of parseAllDocuments(crds)) {
      const { kind } = (document.toJS() as Crd).spec.names;
      expect(imports.toLowerCase()).toContain(`export class ${kind} extends apiobject`.toLowerCase());
    }
  },
);
