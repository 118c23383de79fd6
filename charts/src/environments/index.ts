import { SynthError } from "../synth-error.ts";
import { type Environment, type EnvironmentName, environmentNames } from "./environment.ts";
import { local } from "./local.ts";
import { production } from "./production.ts";
import { staging } from "./staging.ts";

export const environments: Readonly<Record<EnvironmentName, Environment>> = { local, staging, production };

/** @throws SynthError naming those that there are */
export const environmentOf = (name: string): Environment => {
  const found = environmentNames.find((candidate) => candidate === name);
  if (!found) throw new SynthError(`there is no environment "${name}"; there are ${environmentNames.join(", ")}`);
  return environments[found];
};

export type { Environment, EnvironmentName } from "./environment.ts";
