import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { createDatabase } from "@tandem/postgres";
import { createMetrics, createTelemetry } from "@tandem/runtime";
import { createTestDatabase, type TestDatabase } from "@tandem/testkit";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.query("CREATE TABLE note (id int PRIMARY KEY)");
});
afterAll(() => db.dispose());

const traced = (sampleRatio: number) => {
  const exporter = new InMemorySpanExporter();
  const telemetry = createTelemetry({ service: "test", exporter, sampleRatio });
  return { exporter, telemetry, database: createDatabase({ name: "traced", url: db.url, tracer: telemetry.tracer }) };
};

test("each statement is a span under the current one, named by what it does and without its values", async () => {
  const { exporter, telemetry, database } = traced(1);
  await telemetry.inSpan("work", {}, async () => {
    await database.transact(async (tx) => {
      await tx.execute(sql`INSERT INTO note (id) VALUES (${4111})`);
      await tx.client.query({ name: "note-by-id", text: "SELECT * FROM note WHERE id = $1", values: [4111] });
    });
  });
  const spans = exporter.getFinishedSpans();
  const parent = spans.find(({ name }) => name === "work")?.spanContext();
  const statements = spans.filter(({ name }) => name !== "work");
  expect(statements.map(({ name }) => name)).toEqual(["INSERT note", "note-by-id", "COMMIT"]);
  expect(statements.every(({ parentSpanContext }) => parentSpanContext?.spanId === parent?.spanId)).toBe(true);
  expect(statements[0]?.attributes).toMatchObject({ "db.system.name": "postgresql", "db.namespace": db.name });
  expect(JSON.stringify(statements.map(({ attributes }) => attributes))).not.toContain("4111");
  await database.dispose();
});

test("a statement that fails marks its span", async () => {
  const { exporter, telemetry, database } = traced(1);
  await telemetry.inSpan("work", {}, () => database.query("SELECT * FROM nowhere").catch(() => {}));
  const failed = exporter.getFinishedSpans().find(({ name }) => name === "SELECT nowhere");
  expect(failed?.status).toMatchObject({ code: 2, message: 'relation "nowhere" does not exist' });
  await database.dispose();
});

test("outside of a trace, and in one that is not recorded, there are no spans", async () => {
  const { exporter, telemetry, database } = traced(0);
  await database.query("SELECT 1");
  await telemetry.inSpan("work", {}, () => database.query("SELECT 1"));
  expect(exporter.getFinishedSpans()).toEqual([]);
  await database.dispose();
});

test("the pool and the transactions show in the metrics", async () => {
  const metrics = createMetrics({ service: "test" });
  const database = createDatabase({ name: "measured", url: db.url, maxConnections: 2, metrics });
  await database.transact(async (tx) => {
    await tx.client.query("SELECT 1");
    const text = await metrics.text();
    expect(text).toContain('tandem_postgres_connections{pool="measured",state="busy",service="test"} 1');
    expect(text).toMatch(/tandem_postgres_oldest_transaction_seconds\{pool="measured",service="test"\} 0\.\d*[1-9]/);
  });
  await database.transact(() => Promise.reject(new Error("no"))).catch(() => {});
  let tries = 0;
  await database.transact(async (tx) => {
    tries += 1;
    if (tries === 1) await tx.client.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
  });
  const text = await metrics.text();
  expect(text).toContain('tandem_postgres_connections_max{pool="measured",service="test"} 2');
  expect(text).toContain('tandem_postgres_connections{pool="measured",state="idle",service="test"} 2');
  expect(text).toContain('tandem_postgres_transactions_total{pool="measured",outcome="commit",service="test"} 2');
  expect(text).toContain('tandem_postgres_transactions_total{pool="measured",outcome="rollback",service="test"} 1');
  expect(text).toContain('tandem_postgres_transactions_total{pool="measured",outcome="retry",service="test"} 1');
  await database.dispose();
});
