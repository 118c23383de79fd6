import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gatewayEntry, localPorts, serviceCatalogue, sharedPorts } from "@tandem/contracts";

/** Of a second worker of a context, beside the first one's. */
export const REPLICA_STEP = 50;

/** Every port of a platform there. */
export const portsAt = (offset: number): readonly number[] => [
  ...[...serviceCatalogue, gatewayEntry].flatMap((service) => {
    const { api, worker } = localPorts(service, offset);
    const sidecars = [api.sidecar, worker.sidecar].flatMap((ports) => Object.values(ports));
    return [api.http, api.grpc, worker.app, worker.ops, worker.ops + REPLICA_STEP, ...sidecars];
  }),
  sharedPorts.inboxSmtp + offset,
  sharedPorts.inboxHttp + offset,
];

/** Offsets of which no two have a port in common: suites draw at the same time, and what one has drawn it listens on seconds later only. */
const offsets: readonly number[] = (() => {
  // The last one's highest port is below the guards.
  const [first, last, step] = [1_000, 21_700, 30];
  const taken = new Set<number>();
  const found: number[] = [];
  for (let offset = first; offset <= last; offset += step) {
    const ports = portsAt(offset);
    if (ports.some((port) => taken.has(port))) continue;
    for (const port of ports) taken.add(port);
    found.push(offset);
  }
  return found;
})();

/** Beyond all of a platform's ports, and below those that the system gives away: who holds one has drawn that offset. */
const GUARDS = 31_000;

/** The commands take none above. */
export const HIGHEST_OF_COMMANDS = 11_000;

/** An offset at which every port of a whole platform is free. Nobody else draws it before this process ends. Where there is none it waits for one, for a while. */
export const findPortOffset = async ({ highest = Number.POSITIVE_INFINITY, waitMs = 60_000 } = {}): Promise<number> => {
  const giveUpAt = performance.now() + waitMs;
  do {
    for (const [offset, guardPort] of shuffled()) {
      if (offset > highest) continue;
      const guard = await listen(guardPort);
      if (guard === undefined) continue;
      const free = await Promise.all(portsAt(offset).map(isFree));
      if (free.every(Boolean)) {
        guard.unref();
        return offset;
      }
      await close(guard);
    }
    await sleep(1_000);
  } while (performance.now() < giveUpAt);
  throw new Error(`none of ${offsets.length} ranges of ports is free: too many platforms run on this machine`);
};

const shuffled = () =>
  offsets
    .map((offset, at) => ({ offset, guardPort: GUARDS + at, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ offset, guardPort }) => [offset, guardPort] as const);

const listen = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

const isFree = async (port: number): Promise<boolean> => {
  const server = await listen(port);
  if (server === undefined) return false;
  await close(server);
  return true;
};
