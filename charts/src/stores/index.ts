import { KubeNamespace } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";
import { addPostgres } from "./postgres.ts";
import { addRedis } from "./redis.ts";
import { addInbox, addOpenSearch, addOtelCollector } from "./stateless-stores.ts";
import { namespaceLabels, STORES_NAMESPACE } from "./store-namespace.ts";
import { admit, denyEverything, letStateJobOut } from "./store-network.ts";
import { type StoreSettings, storeSettings } from "./store-settings.ts";
import { selectorOf } from "./store-workload.ts";

/** Layer `10-stores`: Postgres, the broker and the inbox of a cluster that has none of its own. */
export const addStores = (
  scope: Scope,
  environment: Environment,
  settings: StoreSettings | undefined = storeSettings[environment.name],
): void => {
  if (settings === undefined) return;
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
