import { KubeNamespace } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";
import { SynthError } from "../synth-error.ts";
import { addPostgres } from "./postgres.ts";
import { addRedis } from "./redis.ts";
import { addInbox, addOpenSearch, addOtelCollector } from "./stateless-stores.ts";
import { namespaceLabels, STORES_NAMESPACE } from "./store-namespace.ts";
import { admit, denyEverything, letStateJobOut } from "./store-network.ts";
import type { StoreSettings } from "./store-settings.ts";
import { selectorOf } from "./store-workload.ts";

/** Layer `10-stores`: Postgres, the broker and the inbox of a cluster that has none of its own. */
export const addStores = (scope: Scope, environment: Environment): void => {
  const { stores: settings } = environment;
  if (settings === undefined) return;
  checkNeeds(environment, settings);
  const { namespace } = environment;
  new KubeNamespace(scope.file("00-namespaces", "stores"), STORES_NAMESPACE, {
    metadata: {
      name: STORES_NAMESPACE,
      labels: namespaceLabels,
    },
  });
  const file = (name: string) => scope.file("10-stores", name);
  denyEverything(file("network"));

  addPostgres(file("postgres"), settings);
  admit(file("postgres"), "postgres", [5432], { namespace }, [{ podSelector: selectorOf("postgres-state") }]);
  letStateJobOut(file("postgres"), "postgres-state");

  addRedis(file("redis"), settings);
  admit(file("redis"), "redis", [6379], { namespace });

  addInbox(file("local-inbox"), scope.image("local-inbox").reference);
  admit(file("local-inbox"), "local-inbox", [1025, 8025], { namespace, contexts: ["notification"] });

  if (settings.openSearch !== undefined) {
    addOpenSearch(file("opensearch"), settings.openSearch.image);
    admit(file("opensearch"), "opensearch", [9200], { namespace, contexts: ["search"] });
  }
  if (settings.otelCollector !== undefined) {
    addOtelCollector(file("otel-collector"), settings.otelCollector.image);
    admit(file("otel-collector"), "otel-collector", [4317, 4318], { namespace });
  }
};

/** @throws SynthError naming the store that the environment sends its contexts to, and does not bring along */
const checkNeeds = ({ name, search, otlpEndpoint }: Environment, settings: StoreSettings): void => {
  if (search.engine === "elasticsearch" && settings.openSearch === undefined)
    throw new SynthError(`${name} searches at ${search.url}, and has no opensearch among its stores`);
  if (otlpEndpoint !== undefined && settings.otelCollector === undefined)
    throw new SynthError(`${name} sends traces to ${otlpEndpoint}, and has no otel-collector among its stores`);
};
