import type { Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";

export interface Listening extends AsyncDisposable {
  readonly port: number;
  /** Cuts all connections. */
  cut(): void;
}

/** A server on a port of this machine, 0: any. */
export const listen = async (server: Http2Server, port = 0): Promise<Listening> => {
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined);
    session.once("close", () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const cut = () => {
    for (const session of sessions) session.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        cut();
      }),
  };
};
