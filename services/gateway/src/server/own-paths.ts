import { AppError, isAppError } from "@tandem/kernel";
import type { Health } from "@tandem/runtime";
import { type DocsFile, docsPolicy } from "../document/docs-page.ts";
import { answerJson, answerWhole } from "../edge/answer.ts";
import type { Exchange } from "../edge/exchange.ts";
import type { ContextHealth, HealthBoard } from "../health/context-health.ts";

export interface OwnPathsOptions {
  readonly contexts: ReadonlySet<string>;
  readonly health: Health;
  readonly board: HealthBoard;
  readonly docs: ReadonlyMap<string, DocsFile>;
  readonly openApi: () => string;
}

/** What the door answers itself. False: it is none of these. */
export type AnswerOwnPath = (exchange: Exchange, path: string) => Promise<boolean>;

const PROBES: ReadonlySet<string> = new Set(["/livez", "/readyz"]);
/** Load balancers ask often, and must get an answer. */
export const isProbe = (path: string): boolean => PROBES.has(path);

export const makeAnswerOwnPath = ({ contexts, health, board, docs, openApi }: OwnPathsOptions): AnswerOwnPath => {
  const isOwn = (path: string) =>
    PROBES.has(path) ||
    path === "/" ||
    docs.has(path) ||
    path === "/openapi.json" ||
    /^\/health(?:\/[^/]+)?$/.test(path);
  const shown = ({ context: _, ...rest }: ContextHealth) => rest;

  return async (exchange, path) => {
    if (!isOwn(path)) return false;
    exchange.label = path.startsWith("/health/") ? "/health/{context}" : path;
    if (exchange.httpMethod !== "GET" && exchange.httpMethod !== "HEAD")
      throw methodNotAllowed(exchange, path, ["GET", "HEAD"]);
    if (path === "/") {
      // Whoever types the address into a browser gets to see something.
      exchange.answerHeaders["location"] = "/docs";
      answerWhole(exchange, 302, "text/plain", "See /docs\n");
      return true;
    }
    const file = docs.get(path);
    if (file !== undefined) {
      Object.assign(exchange.answerHeaders, { "content-security-policy": docsPolicy, "cache-control": "no-cache" });
      answerWhole(exchange, 200, file.contentType, file.body);
    } else if (path === "/openapi.json") answerWhole(exchange, 200, "application/json", openApi());
    else if (path === "/livez") answerJson(exchange, health.live() ? 200 : 503, { ok: health.live() });
    else if (path === "/readyz") {
      // What is wrong, the operations port tells; out here only that something is.
      const { ok } = await health.ready();
      answerJson(exchange, ok ? 200 : 503, { ok });
    } else if (path === "/health") {
      const all = await board.all();
      const down = all.filter(({ ok }) => !ok).map(({ context }) => context);
      answerJson(exchange, down.length === 0 ? 200 : 503, {
        ok: down.length === 0,
        down,
        contexts: Object.fromEntries(all.map((one) => [one.context, shown(one)])),
      });
    } else {
      const context = path.slice("/health/".length);
      if (!contexts.has(context)) throw unknownContext(context);
      const found = await board.of(context as ContextHealth["context"]);
      answerJson(exchange, found.ok ? 200 : 503, found);
    }
    return true;
  };
};

export const unknownContext = (name: string): AppError =>
  new AppError("not_found", "gateway.context_unknown", `There is no context ${name.slice(0, 100)}.`);

/** Sets `Allow`, which such an answer must have. */
export const methodNotAllowed = (exchange: Exchange, path: string, allow: readonly string[]): AppError => {
  exchange.answerHeaders["allow"] = [...new Set([...allow, "OPTIONS"])].sort().join(", ");
  const message = `${exchange.httpMethod} is not allowed at ${path.slice(0, 200)}; allowed: ${exchange.answerHeaders["allow"]}`;
  return new AppError("unimplemented", "request.method_not_allowed", message);
};

export const toAppError = (error: unknown): AppError =>
  isAppError(error)
    ? error
    : new AppError("internal", "rpc.internal", "The server failed to answer this call.", { cause: error });
