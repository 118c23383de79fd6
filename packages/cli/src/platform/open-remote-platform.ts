import { type Credentials, openPeople, rememberedPasswords } from "../people.ts";
import type { Platform } from "./platform.ts";
import { readContexts } from "./read-contexts.ts";

/** The operator's name and password, as somebody who may have them sets them. */
export const credentialsFrom = (env: Readonly<Record<string, string | undefined>>): Credentials | undefined => {
  const password = env["TANDEM_OPERATOR_PASSWORD"];
  if (!password) return undefined;
  return rememberedPasswords(env["TANDEM_OPERATOR_EMAIL"], password);
};

/** A platform of which only the address of its door is known. @throws Error that says which password is missing */
export const openRemotePlatform = (gateway: string, credentials: Credentials | undefined): Platform => {
  if (!credentials)
    throw new Error(
      `--gateway needs the operator's password in TANDEM_OPERATOR_PASSWORD (and TANDEM_OPERATOR_EMAIL); with --platform kubernetes it is read from the cluster's secret`,
    );
  const gatewayUrl = gateway.replace(/\/+$/, "");
  const beyondTheDoor = (what: string) => async (): Promise<never> => {
    throw new Error(
      `${what} cannot be reached through ${gatewayUrl}: use --platform kubernetes${what === "a database" ? ", or --no-check" : ""}`,
    );
  };
  return {
    gatewayUrl,
    mode: "dapr",
    people: openPeople(gatewayUrl, credentials),
    passwordOf: credentials.passwordOf,
    contexts: () => readContexts(gatewayUrl),
    sidecarOf: beyondTheDoor("a sidecar"),
    books: beyondTheDoor("a database"),
  };
};
