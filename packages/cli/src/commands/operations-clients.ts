import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { ContextName } from "@tandem/contracts";
import { DeadLetterService, JobService } from "@tandem/contracts/common";
import { PlatformOperationsService } from "@tandem/contracts/common-operations";
import { findRunning } from "../find-running.ts";
import { apiUrl } from "../platform-clients.ts";

const transportOf = (context: ContextName, offset: number, token: () => Promise<string>) =>
  createConnectTransport({
    baseUrl: apiUrl(context, offset),
    httpVersion: "1.1",
    defaultTimeoutMs: 10_000,
    interceptors: [
      (next) => async (request) => {
        request.header.set("authorization", `Bearer ${await token()}`);
        return next(request);
      },
    ],
  });

/** The operations services of every context that runs, as an operator. */
export const openOperations = async (offset: number) => {
  const { people, contexts } = await findRunning(offset);
  return contexts.map((context) => {
    const transport = transportOf(context as ContextName, offset, people.operator);
    return {
      context,
      deadLetters: createClient(DeadLetterService, transport),
      jobs: createClient(JobService, transport),
    };
  });
};

/** The one that asks all contexts at once; undefined where common-operations does not run. */
export const openAggregate = async (offset: number) => {
  const { people, contexts } = await findRunning(offset);
  if (!contexts.includes("common-operations")) return undefined;
  return createClient(PlatformOperationsService, transportOf("common-operations", offset, people.operator));
};
