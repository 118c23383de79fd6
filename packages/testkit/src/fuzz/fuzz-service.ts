import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { servicePermissions } from "@tandem/auth";
import fc from "fast-check";
import type { Authorization } from "../create-test-tokens.ts";
import type { TestService } from "../start-test-service.ts";
import { readFuzzRun } from "./fuzz-run.ts";
import { type FuzzRequest, requestsOf } from "./requests.ts";

export interface FuzzOptions {
  /** Requests to each door (RPC, every REST route) of each method. Default: FUZZ_REQUESTS, or 40. */
  readonly requests?: number;
  /** Default: FUZZ_SEED, or that of the gate. It stands in every violation. */
  readonly seed?: number;
  /** Methods whose refusal writes: a failed login counts. Default none. */
  readonly refusalMayWrite?: (method: DescMethod) => boolean;
  /** Methods whose upstream the test has not brought: they may answer 503. Default none. */
  readonly mayBeUnavailable?: (method: DescMethod) => boolean;
  /** Ids that exist, to begin with. More are learned from answers. */
  readonly ids?: readonly string[];
}

const run = readFuzzRun(process.env);

/** For the test around it: more requests take longer. */
export const fuzzTimeoutMs = run.timeoutMs;

export type FuzzTarget = Pick<TestService, "url" | "tokens" | "fingerprint">;

// What no answer may show: where the code lies, what the database said, where it listens.
const INTERNALS =
  /node_modules|\.ts:\d|\bat async |duplicate key|violates \w+ constraint|relation "|syntax error at|invalid input syntax|ECONN|postgres:\/\//;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
const MOST_IDS = 200;

/**
 * Sends requests made from the schemas of `services` to every RPC and REST route, by callers of all kinds.
 * @returns a line for each answer that was a 5xx or showed internals, and for each refusal or read that changed a table
 */
export const fuzzService = async (
  service: FuzzTarget,
  services: readonly DescService[],
  options: FuzzOptions = {},
): Promise<readonly string[]> => {
  const { requests = run.requests, seed = run.seed, refusalMayWrite, mayBeUnavailable } = options;
  const ids = new Set(options.ids);
  const callers = await openCallers(service, [...ids]);
  const violations: string[] = [];
  let before = JSON.stringify(await service.fingerprint());
  let turn = 0;
  for (const arbitrary of requestsOf(services, () => [...ids])) {
    for (const request of fc.sample(arbitrary, { seed: seed + turn, numRuns: requests })) {
      turn += 1;
      const caller = callers[turn % callers.length];
      const { status, text } = await send(service, request, caller?.header);
      for (const id of text.match(UUID) ?? []) if (ids.size < MOST_IDS) ids.add(id);
      const tell = (what: string) =>
        violations.push(
          `seed ${seed}: ${what}: ${describe(request)} by ${caller?.name} -> ${status} ${text.slice(0, 300)}`,
        );
      if (status >= 500 && !(status === 503 && mayBeUnavailable?.(request.method))) tell("an error of ours");
      if (INTERNALS.test(text)) tell("shows internals");
      const refused = status >= 400;
      const reads = request.method.idempotency === Level.NO_SIDE_EFFECTS;
      const after = JSON.stringify(await service.fingerprint());
      if (after !== before) {
        if (refused && !refusalMayWrite?.(request.method)) tell("refused, and yet something changed");
        else if (reads) tell("a read changed something");
      }
      before = after;
    }
  }
  return violations;
};

const openCallers = async ({ tokens }: FuzzTarget, ids: readonly string[]) => {
  const [known] = ids;
  const all: readonly { name: string; header: Authorization | undefined }[] = [
    { name: "nobody", header: undefined },
    { name: "a customer", header: await tokens.customer(known) },
    { name: "a seller", header: await tokens.seller(known) },
    { name: "staff", header: await tokens.as("staff") },
    { name: "an operator", header: await tokens.as("operator") },
    ...(await Promise.all(
      [...servicePermissions.keys()].map(async (name) => ({ name, header: await tokens.service(name) })),
    )),
    { name: "garbage", header: { authorization: "Bearer a.b.c" } },
  ];
  // Those who may do most come most often.
  return [...all, ...all.slice(1, 4), ...all.slice(3, 5)];
};

const send = async ({ url }: FuzzTarget, request: FuzzRequest, header: Authorization | undefined) => {
  const { httpMethod, path, body } = request;
  const answer = await fetch(`${url}${path}`, {
    method: httpMethod,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...header },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  return { status: answer.status, text: await answer.text() };
};

const describe = ({ httpMethod, path, body }: FuzzRequest): string =>
  `${httpMethod} ${path.slice(0, 300)} ${body === undefined ? "" : String(body).slice(0, 400)}`;
