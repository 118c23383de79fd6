import { createServer as createHttpServer, type RequestListener } from "node:http";
import type { Http2Server } from "node:http2";
import type { AddressInfo, Server } from "node:net";

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** @throws the error of `listen`, when the port is taken */
export const listenHttp = (port: number, listener: RequestListener): Promise<Listening> => {
  const server = createHttpServer(listener);
  return listen(server, port, () => server.closeAllConnections());
};

/** HTTP/2 without TLS. @throws the error of `listen`, when the port is taken */
export const listenH2c = (port: number, server: Http2Server): Promise<Listening> => {
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return listen(server, port, () => {
    for (const session of sessions) session.destroy();
  });
};

const listen = (server: Server, port: number, closeConnections: () => void): Promise<Listening> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve({
        port: (server.address() as AddressInfo).port,
        [Symbol.asyncDispose]: () =>
          new Promise((closed) => {
            server.close(() => closed());
            closeConnections();
          }),
      });
    });
  });
