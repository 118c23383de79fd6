import type { Construct } from "constructs";
import { Application } from "../../imports/argoproj.io.ts";
import type { Environment } from "../environments/index.ts";
import { subscriptionsOf } from "./notifications.ts";
import { rootSpec } from "./specs.ts";

/** The Application of Applications. No finalizer: deleting it deletes nothing else. */
export const addRoot = (scope: Construct, environment: Environment): void => {
  new Application(scope, "root", {
    metadata: { name: `tandem-${environment.name}`, annotations: subscriptionsOf(environment) },
    spec: rootSpec(environment),
  });
};
