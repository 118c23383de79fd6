import { connect } from "node:net";
import type pg from "pg";

const CANCEL_REQUEST_CODE = 80_877_102;

/**
 * Asks the server to cancel what `client` is running, by the protocol's cancel request on a connection of its own: it
 * needs no free slot in the pool and works when the pool is what is stuck. Resolves when sent; never rejects.
 * The request is not ordered with the connection's own traffic, so `client` must not be reused afterwards.
 */
export const cancelQuery = (client: pg.PoolClient, timeoutMs = 1_000): Promise<void> => {
  const { processID, secretKey } = client as unknown as { processID: number | null; secretKey: number | null };
  if (!processID || secretKey === null) return Promise.resolve();
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  message.writeInt32BE(processID, 8);
  message.writeInt32BE(secretKey, 12);
  return new Promise((resolve) => {
    const socket = client.host.startsWith("/")
      ? connect(`${client.host}/.s.PGSQL.${client.port}`)
      : connect(client.port, client.host);
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.once("connect", () => socket.end(message));
    socket.once("error", () => socket.destroy());
    socket.once("close", () => resolve());
    socket.resume();
  });
};
