import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { DeadLetterService, JobService } from "@tandem/contracts/common";
import { PlatformOperationsService } from "@tandem/contracts/common-operations";
import type { Platform } from "../platform/platform.ts";
import { type TokenSource, withToken } from "../platform-clients.ts";

const transportOf = (baseUrl: string, token: TokenSource) =>
  createConnectTransport({ baseUrl, httpVersion: "1.1", defaultTimeoutMs: 10_000, interceptors: [withToken(token)] });

/** The operations services of every context that runs, as an operator, through the door. */
export const openOperations = async ({ gatewayUrl, people, contexts }: Platform) =>
  (await contexts()).map((context) => {
    const transport = transportOf(`${gatewayUrl}/ops/${context}`, people.operator);
    return {
      context,
      deadLetters: createClient(DeadLetterService, transport),
      jobs: createClient(JobService, transport),
    };
  });

/** The one that asks all contexts at once; undefined where common-operations does not run. */
export const openAggregate = async ({ gatewayUrl, people, contexts }: Platform) => {
  if (!(await contexts()).includes("common-operations")) return undefined;
  return createClient(PlatformOperationsService, transportOf(gatewayUrl, people.operator));
};
