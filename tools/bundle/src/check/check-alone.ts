import { planGateway } from "@tandem/cli/plan";
import { type CheckOptions, expectCleanEnd, until } from "./check-context.ts";
import { freePort } from "./start-surroundings.ts";

export type AloneName = "gateway" | "local-inbox";

interface Alone {
  readonly binary: "api" | "server";
  readonly env: Readonly<Record<string, string>>;
  /** Paths that are answered with 200, and what stands in the answer. */
  readonly answers: readonly { readonly url: string; readonly contains: string }[];
}

const gateway = async (): Promise<Alone> => {
  const [http, grpc, ops] = await Promise.all([freePort(), freePort(), freePort()]);
  const { env } = planGateway({ offset: 0, logLevel: "info" });
  const ports = { HTTP_PORT: String(http), GRPC_PORT: String(grpc), OPS_PORT: String(ops) };
  return {
    binary: "api",
    env: { ...env, ...ports, AUTH_TOKEN_URL: "", AUTH_CLIENT_SECRET: "" },
    answers: [
      { url: `http://127.0.0.1:${ops}/livez`, contains: "" },
      // Its page lies beside its sources, and its document comes from all protos.
      { url: `http://127.0.0.1:${http}/docs`, contains: "<html" },
      { url: `http://127.0.0.1:${http}/openapi.json`, contains: "/carts/{cart_id}/checkout" },
    ],
  };
};

const localInbox = async (): Promise<Alone> => {
  const [smtp, http] = await Promise.all([freePort(), freePort()]);
  return {
    binary: "server",
    env: { SMTP_PORT: String(smtp), HTTP_PORT: String(http) },
    answers: [{ url: `http://127.0.0.1:${http}/api/messages`, contains: '"messages":[]' }],
  };
};

/** What has no database: it starts, answers, and ends by SIGTERM with 0. */
export const checkAlone = async (
  name: AloneName,
  { start, passed, patienceMs = 60_000 }: Pick<CheckOptions, "start" | "passed" | "patienceMs">,
): Promise<void> => {
  const { binary, env, answers } = await { gateway, "local-inbox": localInbox }[name]();
  const one = start(binary, [], env);
  try {
    for (const { url, contains } of answers) {
      await until(url, one, patienceMs);
      const text = await (await fetch(url)).text();
      if (!text.includes(contains)) throw new Error(`${url} answers without ${contains}: ${text.slice(0, 200)}`);
    }
    passed(`${binary} answers`);
    await expectCleanEnd(one);
    passed("SIGTERM ends it with exit code 0");
  } finally {
    one.terminate();
  }
};
