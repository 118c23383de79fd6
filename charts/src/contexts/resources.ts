import { Quantity, type ResourceRequirements } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { ContainerSize } from "../environments/environment.ts";

/** Requests, a limit of memory, and none of the processor: it would stop a process that could use an idle core. */
export const resourcesOf = ({ cpu, memory, memoryLimit }: ContainerSize): ResourceRequirements => ({
  requests: { cpu: Quantity.fromString(cpu), memory: Quantity.fromString(memory) },
  limits: { memory: Quantity.fromString(memoryLimit) },
});
