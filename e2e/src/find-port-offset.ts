import { createServer } from "node:net";
import { gatewayEntry, localPorts, serviceCatalogue, sharedPorts } from "@tandem/contracts";

const FIRST = 1_000;
const STEP = 300;
const CHOICES = 33;

/** An offset at which every port of a whole platform is free. Two suites at a time draw different ones, as a rule. */
export const findPortOffset = async (): Promise<number> => {
  for (let tries = 0; tries < 50; tries += 1) {
    const offset = FIRST + STEP * Math.floor(Math.random() * CHOICES);
    const ports = [...serviceCatalogue, gatewayEntry].flatMap((service) => {
      const { api, worker } = localPorts(service, offset);
      return [
        api.http,
        api.grpc,
        worker.app,
        worker.ops,
        ...Object.values(api.sidecar),
        ...Object.values(worker.sidecar),
      ];
    });
    ports.push(sharedPorts.inboxSmtp + offset, sharedPorts.inboxHttp + offset);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return offset;
  }
  throw new Error("no range of ports is free");
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
