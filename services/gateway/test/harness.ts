import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { createDevIssuer, type TokenClaims } from "@tandem/auth";
import { startApi } from "../src/api.ts";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, seen: SeenRequest) => void | Promise<void>;

/** As a context answers: with a trace. */
export const answerJson = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) => {
  response.writeHead(status, { "content-type": "application/json", "x-trace-id": "ab".repeat(16), ...headers });
  response.end(JSON.stringify(body));
};

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly grpcUrl: string;
  readonly opsUrl: string;
  readonly port: number;
  /** What reached the sidecar. */
  readonly seen: SeenRequest[];
  readonly logs: Record<string, unknown>[];
  /** What the contexts do from now on. Default: 200 and the path. */
  answerWith(answer: Answer): void;
  token(claims?: Partial<TokenClaims>): Promise<string>;
  /** Bytes on a socket, and what comes back until it closes or `quietMs` without news. */
  raw(
    text: string | readonly string[],
    options?: { readonly quietMs?: number; readonly pauseMs?: number },
  ): Promise<string>;
}

/** The real gateway binary in front of a sidecar that is a plain HTTP server. */
export const startTestGateway = async (env: Readonly<Record<string, string>> = {}): Promise<TestGateway> => {
  const issuer = await createDevIssuer({ issuer: "https://issuer.test.invalid", audience: "tandem" });
  const seen: SeenRequest[] = [];
  let answer: Answer = (_request, response, { url }) => answerJson(response, 200, { code: 0, data: { url } });
  const sidecar = createServer(async (request, response) => {
    if (request.url === "/test-jwks") return answerJson(response, 200, issuer.jwks);
    const { method = "", url = "", headers, rawHeaders } = request;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const one = { method, url, headers, rawHeaders, body: Buffer.concat(chunks) };
    seen.push(one);
    await answer(request, response, one);
  });
  await new Promise<void>((resolve) => sidecar.listen(0, "127.0.0.1", resolve));
  const sidecarPort = (sidecar.address() as AddressInfo).port;
  const logs: Record<string, unknown>[] = [];
  const binary = await startApi(
    {
      HTTP_PORT: "0",
      GRPC_PORT: "0",
      OPS_PORT: "0",
      DAPR_HTTP_PORT: String(sidecarPort),
      DAPR_GRPC_PORT: "1",
      AUTH_ISSUER: "https://issuer.test.invalid",
      AUTH_AUDIENCE: "tandem",
      AUTH_JWKS_URL: `http://127.0.0.1:${sidecarPort}/test-jwks`,
      RATE_SHARED: "false",
      // Most tests look at each request; those that look at sharing turn it on.
      SHARED_ANSWER_MS: "0",
      RATE_OTHER_PER_SECOND: "1000",
      RATE_WRITE_PER_SECOND: "1000",
      ...env,
    },
    { logDestination: { write: (line: string) => void logs.push(JSON.parse(line)) } },
  );
  const url = binary.addresses["http"] ?? "";
  const port = Number(new URL(url).port);
  return {
    url,
    grpcUrl: binary.addresses["grpc"] ?? "",
    opsUrl: binary.addresses["ops"] ?? "",
    port,
    seen,
    logs,
    answerWith: (next) => {
      answer = next;
    },
    token: (claims = {}) => issuer.mint({ subject: "someone", roles: ["staff"], ...claims }),
    raw: (text, { quietMs = 400, pauseMs = 20 } = {}) =>
      new Promise((resolve) => {
        let received = "";
        let quiet: NodeJS.Timeout | undefined;
        const socket = connect(port, "127.0.0.1");
        const done = () => {
          clearTimeout(quiet);
          socket.destroy();
          resolve(received);
        };
        const wait = () => {
          clearTimeout(quiet);
          quiet = setTimeout(done, quietMs);
        };
        socket.on("data", (chunk) => {
          received += chunk;
          wait();
        });
        socket.once("close", done);
        socket.once("error", done);
        socket.once("connect", async () => {
          for (const part of typeof text === "string" ? [text] : text) {
            if (socket.destroyed) return;
            socket.write(part);
            await new Promise((next) => setTimeout(next, pauseMs));
          }
          wait();
        });
      }),
    [Symbol.asyncDispose]: async () => {
      await binary.stop();
      sidecar.closeAllConnections();
      await new Promise((resolve) => sidecar.close(resolve));
      await issuer[Symbol.asyncDispose]?.();
    },
  };
};
