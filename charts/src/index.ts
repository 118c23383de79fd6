export { type Environment, type EnvironmentName, environmentOf, environments } from "./environments/index.ts";
export { type ChartContext, type Platform, readPlatform } from "./platform.ts";
export { type Files, type Layer, type Manifest, renderManifests, type Scope } from "./scope.ts";
export { type Synthesized, synthesize } from "./synth.ts";
export { SynthError } from "./synth-error.ts";
