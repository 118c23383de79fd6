import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock } from "@tandem/kernel";
import type { JSONWebKeySet } from "jose";
import { loadOrCreateKey } from "./key-file.ts";
import { readTokenRequest } from "./read-token-request.ts";
import { signToken, type TokenClaims } from "./sign-token.ts";

export interface DevIssuerOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Port on 127.0.0.1 for the JWKS and `POST /token`; 0 picks one. Absent: no server, `mint` and `jwks` only. */
  readonly port?: number;
  /** Where the Ed25519 key is kept between runs (0600). Absent: a new key each time. */
  readonly keyFile?: string;
  readonly clock?: Clock;
  /** Read only to refuse production. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface DevIssuer extends AsyncDisposable {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JSONWebKeySet;
  /** Present when a port was given. */
  readonly jwksUrl?: string;
  readonly url?: string;
  /** Signs whatever is asked. @throws RangeError for a `ttlSeconds` outside 1..3600 */
  mint(claims: TokenClaims): Promise<string>;
  stop(): Promise<void>;
}

/**
 * An issuer that gives a token to anyone who asks: for laptops and tests.
 * @throws Error in Kubernetes or with NODE_ENV=production; when the port is taken; when the key file is readable by others
 */
export const createDevIssuer = async (options: DevIssuerOptions): Promise<DevIssuer> => {
  // The one place outside config that looks at the environment: a guard that a caller could forget to pass would guard nothing.
  const env = options.env ?? process.env;
  if (env["NODE_ENV"] === "production" || env["KUBERNETES_SERVICE_HOST"] !== undefined) {
    throw new Error("The development issuer hands tokens to anyone and does not start in production or in Kubernetes.");
  }
  const { signing, publicJwk } = await loadOrCreateKey(options.keyFile);
  const jwks: JSONWebKeySet = { keys: [publicJwk] };
  const by = { signing, issuer: options.issuer, audience: options.audience, clock: options.clock ?? systemClock };
  const mint = (claims: TokenClaims): Promise<string> => signToken(claims, by);
  const server =
    options.port === undefined
      ? undefined
      : await listen(options.port, (req, res) => void answer(req, res, { jwks, mint }));
  const url = server === undefined ? undefined : `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async (): Promise<void> => {
    if (server === undefined || !server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    issuer: options.issuer,
    audience: options.audience,
    jwks,
    ...(url === undefined ? {} : { url, jwksUrl: `${url}/.well-known/jwks.json` }),
    mint,
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

const listen = (port: number, onRequest: (req: IncomingMessage, res: ServerResponse) => void): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, onRequest);
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });

const answer = async (
  req: IncomingMessage,
  res: ServerResponse,
  issuer: { jwks: JSONWebKeySet; mint(c: TokenClaims): Promise<string> },
): Promise<void> => {
  const send = (status: number, body: unknown): void => {
    res
      .writeHead(status, { "content-type": "application/json", "cache-control": "no-store" })
      .end(JSON.stringify(body));
  };
  try {
    // A page that rebinds its name to 127.0.0.1 would send its own Host: only local names may ask.
    if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(req.headers.host ?? ""))
      return send(403, { error: "forbidden_host" });
    if (req.method === "GET" && req.url === "/.well-known/jwks.json") return send(200, issuer.jwks);
    if (req.method !== "POST" || req.url !== "/token")
      return send(404, { error: "not_found", message: "GET /.well-known/jwks.json or POST /token" });
    const claims = await readTokenRequest(req);
    const token = await issuer.mint(claims);
    send(200, { access_token: token, token_type: "Bearer", expires_in: claims.ttlSeconds ?? 900 });
  } catch (error) {
    if (!res.headersSent)
      send(400, { error: "invalid_request", message: error instanceof Error ? error.message : "invalid request" });
  }
};
