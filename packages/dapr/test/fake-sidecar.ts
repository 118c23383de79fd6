import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { DaprService } from "../src/protocol.ts";

export interface FakeSidecar extends AsyncDisposable {
  readonly port: number;
}

/** A real gRPC server that answers what the test says. */
export const startFakeSidecar = async (answers: Partial<ServiceImpl<typeof DaprService>>): Promise<FakeSidecar> => {
  const server: Http2Server = createServer(
    connectNodeAdapter({ routes: (router) => router.service(DaprService, answers) }),
  );
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const session of sessions) session.destroy();
      }),
  };
};
