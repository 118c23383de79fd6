import { apiOf, sidecarPorts } from "./contexts/binary.ts";
import type { Platform } from "./platform.ts";
import { SynthError } from "./synth-error.ts";

/** A name is a DNS label: Services, Deployments and app ids are called by it. */
const NAME = /^[a-z](?:[a-z0-9-]{0,40}[a-z0-9])?$/;

/** @throws SynthError naming what two entries claim, or what cannot be */
export const checkCatalogue = ({ contexts, gateway }: Pick<Platform, "contexts" | "gateway">): void => {
  const claims = new Map<string, string>();
  const claim = (what: string, context: string) => {
    const owner = claims.get(what);
    if (owner !== undefined) throw new SynthError(`${what} is taken twice: by ${owner} and by ${context}`);
    claims.set(what, context);
  };
  for (const entry of [...contexts, gateway]) {
    const { context, number } = entry;
    if (!NAME.test(context))
      throw new SynthError(`"${context}" is no name of a context: small letters, digits and hyphens`);
    if (!Number.isInteger(number) || number < 1 || number > 99) {
      throw new SynthError(`the number of ${context} is ${number}: its ports are 80NN and 90NN, so 1 to 99`);
    }
    claim(`the context ${context}`, context);
    const sidecar = Object.entries(sidecarPorts);
    for (const port of Object.values(apiOf(entry).ports)) {
      const taken = sidecar.find(([, own]) => own === port);
      if (taken) throw new SynthError(`port ${port} is taken twice: by ${context} and by its sidecar (${taken[0]})`);
      claim(`port ${port}`, context);
    }
  }
  for (const { context, apiAppId, workerAppId, database } of contexts) {
    for (const appId of [apiAppId, workerAppId]) claim(`the app id ${appId}`, context);
    claim(`the database ${database}`, context);
  }
  claim(`the app id ${gateway.apiAppId}`, gateway.context);
};
