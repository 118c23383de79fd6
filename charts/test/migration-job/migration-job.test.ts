import { expect, test } from "vitest";
import { environments } from "../../src/environments/index.ts";
import { migrationJob } from "../../src/migration-job/migration-job.ts";
import { find, objectsOf, platform } from "../fixtures.ts";

const { production } = environments;
const newer = `sha256:${"a".repeat(64)}`;

const down = () =>
  migrationJob(platform, production, { context: "order", command: ["down", "--to", "order/0012"], version: newer });

test("undoing runs the given version's binary with the given command, once", () => {
  const { spec } = down();
  expect(spec.template.spec.containers[0].command).toEqual(["/app/bin/migrate", "down", "--to", "order/0012"]);
  expect(spec.template.spec.containers[0].image).toBe(`ghcr.io/tandem-commerce/tandem/order@${newer}`);
  expect(spec.backoffLimit).toBe(0);
});

test("Argo CD neither runs it nor takes it for its own", () => {
  const { metadata } = down();
  expect(metadata.name).toBe("order-migrate-down");
  expect(metadata).not.toHaveProperty("annotations");
});

test("account, secrets and labels are those of the migration that Argo CD runs", () => {
  const usual = find(objectsOf(production), "Job", "order-migrate");
  const { spec } = migrationJob(platform, production, { context: "order", command: ["status"] });
  const [container] = spec.template.spec.containers;
  const [usualContainer] = usual["spec"].template.spec.containers;
  expect({ ...container, command: usualContainer.command }).toEqual(usualContainer);
  expect(spec.template.metadata).toEqual(usual["spec"].template.metadata);
  expect(spec.template.spec.serviceAccountName).toBe("order-migrate");
});

test("what has no migrations and what no migration does are refused by name", () => {
  const ask = (context: string, verb: string) => () => migrationJob(platform, production, { context, command: [verb] });
  expect(ask("gateway", "down")).toThrow(/no migrations of "gateway"/);
  expect(ask("order", "dwon")).toThrow(/not "dwon"/);
});
