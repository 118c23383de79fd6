import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { answerJson, startTestGateway, type TestGateway } from "./harness.ts";

export const ID = "0198c0de-0000-7000-8000-000000000001";

/** A gateway for a file of tests, and what they ask it. Before each the contexts answer with what they were asked for. */
export const useGateway = (env: Readonly<Record<string, string>> = {}) => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({
      CORS_ORIGINS: "https://shop.example, http://localhost:3000",
      DEFAULT_DEADLINE_MS: "1500",
      ...env,
    });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());
  beforeEach(() => {
    gateway.seen.length = 0;
    gateway.logs.length = 0;
    gateway.answerWith((_request, response, { url }) => answerJson(response, 200, { code: 0, data: { url } }));
  });
  return {
    gateway: () => gateway,
    get: async (path: string, headers: Record<string, string> = {}, method = "GET") => {
      const answer = await fetch(`${gateway.url}${path}`, { method, headers });
      const text = await answer.text();
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        body: text.startsWith("{") ? JSON.parse(text) : undefined,
      };
    },
    bearer: async (claims = {}) => ({ authorization: `Bearer ${await gateway.token(claims)}` }),
  };
};

/** The sidecar's word for an app that is not there. */
const notThere = { errorCode: "ERR_DIRECT_INVOKE", message: "failed to invoke, id: catalog, err: connection refused" };
export const down =
  (status = 500) =>
  (_: unknown, response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(notThere));
  };
