import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

export interface FaultProxyOptions {
  /** Where a healthy connection leads: `127.0.0.1:54320`, or a URL with host and port. */
  readonly target: string;
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** `target` with this proxy's address in its place. */
  readonly address: string;
  /** Cuts every connection now; new ones are accepted. What a restarted server looks like. */
  cut(): void;
  /** Cuts every connection and refuses new ones until `restore`. A server that is down. */
  down(): void;
  /** Holds back all bytes in both directions until `restore`. A network that swallows packets. */
  freeze(): void;
  /** Back to normal; held bytes flow on. */
  restore(): void;
  stop(): Promise<void>;
}

/** A TCP proxy between a client and a server that misbehaves on command. */
export const createFaultProxy = async ({ target }: FaultProxyOptions): Promise<FaultProxy> => {
  const url = URL.canParse(target) && new URL(target).host ? new URL(target) : new URL(`tcp://${target}`);
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: "normal" | "down" | "frozen" = "normal";

  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  const server = createServer({ pauseOnConnect: true }, (client) => {
    if (mode === "down") {
      client.destroy();
      return;
    }
    const upstream = connect(Number(url.port), url.hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on("data", (chunk: Buffer) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on("drain", () => mode === "frozen" || from.resume());
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
    if (mode === "normal") client.resume();
    else upstream.pause();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const each = (act: (socket: Socket) => void) => {
    for (const pair of pairs) pair.forEach(act);
  };
  const stop = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  };
  return {
    port,
    address: target.replace(url.host, `127.0.0.1:${port}`),
    cut,
    down: () => {
      mode = "down";
      cut();
    },
    freeze: () => {
      mode = "frozen";
      each((socket) => socket.pause());
    },
    restore: () => {
      mode = "normal";
      each((socket) => socket.resume());
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
};
