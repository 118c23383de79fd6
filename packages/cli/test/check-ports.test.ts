import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { checkPorts, PortsTakenError } from "../src/up/check-ports.ts";

const server = createServer();
afterEach(() => server.close());

it("names a port in use, what it was wanted for, and who holds it", async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const refused = checkPorts([{ port, use: "order REST" }]);
  await expect(refused).rejects.toBeInstanceOf(PortsTakenError);
  await expect(refused).rejects.toThrow(`${port} (order REST)`);
  // On Linux /proc tells: this very process.
  if (process.platform === "linux") await expect(refused).rejects.toThrow(`process ${process.pid}`);
});

it("is silent when all are free", async () => {
  await expect(checkPorts([])).resolves.toBeUndefined();
});
