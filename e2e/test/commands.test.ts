import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { gatewayEntry, localPorts } from "@tandem/contracts";
import { findPortOffset, HIGHEST_OF_COMMANDS, runCommand } from "@tandem/e2e";
import { findTool, requireTool } from "@tandem/toolchain";
import { describe, expect, it } from "vitest";

const ended = async (code: number, ...args: readonly string[]): Promise<string> => {
  const command = runCommand(...args);
  expect({ code: await command.exitCode, output: command.output() }).toEqual({ code, output: expect.any(String) });
  return command.output();
};
const done = (...args: readonly string[]): Promise<string> => ended(0, ...args);
const COMPLETED = /is COMPLETED after \d+ ms/;

describe("the README's commands", { timeout: 400_000 }, () => {
  it("npm start completes an order, survives kill -9, and serves demo, publish, jobs and dlq", async () => {
    const offset = await findPortOffset({ highest: HIGHEST_OF_COMMANDS });
    const at = ["--port-offset", String(offset)];
    const first = runCommand("up", "--reset", ...at);
    await first.untilPrinted(COMPLETED, 120_000);
    await first.kill();
    await using up = runCommand("up", ...at);
    await up.untilPrinted(COMPLETED, 120_000);
    await up.untilPrinted(/Ctrl-C stops it/, 10_000);

    expect(await done("demo", ...at)).toMatch(COMPLETED);
    // For scripts: anything but COMPLETED is a failure.
    expect(await ended(1, "demo", "--card", "tok_declined", ...at)).toMatch(/CANCELLED/);
    expect(await orderByGrpcurl(offset)).toMatch(/^COMPLETED$/m);
    expect(await done("jobs", ...at)).toMatch(/warehouse\.reservation-expiry/);
    await done("publish", ...at, "order.created", '{"orderId":"garbage"}');
    await expect.poll(() => done("dlq", ...at), { timeout: 30_000, interval: 1_000 }).toMatch(/order\.created/);
    expect(await up.interrupt()).toBe(0);
  });

  const missing = (["daprd", "dapr", "broker"] as const)
    .map((name) => findTool(name))
    .flatMap((tool) => (tool.found ? [] : [tool.reason]));
  if (missing.length === 0) it("npm run dapr completes an order, and dapr publish reaches a worker", throughDapr);
  else {
    it.skipIf(process.env["CI"] !== "true")(`npm run dapr needs tools: ${missing.join("; ")}`, () => {
      expect.fail(`with CI=true this may not be skipped: ${missing.join("; ")}`);
    });
  }
});

/** The script that is shown for clusters: reflection, gRPC through the gateway, nothing of ours on the caller's side. */
async function orderByGrpcurl(offset: number): Promise<string> {
  const { stdout } = await promisify(execFile)("bash", [join(import.meta.dirname, "../order-by-grpcurl.sh")], {
    env: {
      ...process.env,
      GATEWAY: `127.0.0.1:${localPorts(gatewayEntry, offset).api.grpc}`,
      GRPCURL: requireTool("grpcurl").path,
    },
  });
  return stdout;
}

async function throughDapr(): Promise<void> {
  const at = ["--port-offset", String(await findPortOffset({ highest: HIGHEST_OF_COMMANDS }))];
  await using dapr = runCommand("dapr", "--reset", ...at);
  await dapr.untilPrinted(COMPLETED, 300_000);
  await promisify(execFile)(requireTool("dapr").path, [
    ...["publish", "--publish-app-id", "order", "--pubsub", "pubsub", "--topic", "order.created"],
    ...["--data", '{"orderId":"garbage"}'],
  ]);
  await expect.poll(() => done("dlq", ...at), { timeout: 60_000, interval: 1_000 }).toMatch(/order\.created/);
  expect(await dapr.interrupt()).toBe(0);
}
