export { accessOf, isSameForAll, type MethodAccess } from "./access.ts";
export { enumName } from "./enum-name.ts";
export { type ErrorEntry, errorCatalogue } from "./error-catalogue.ts";
export { type LocalPorts, localPorts, type SidecarPorts, sharedPorts } from "./local-ports.ts";
export { contextOf, files, registry } from "./registry.ts";
export {
  type ContextName,
  type GatewayEntry,
  gatewayEntry,
  type ServiceEntry,
  serviceCatalogue,
  serviceOf,
  topicsPublishedBy,
} from "./service-catalogue.ts";
export { type Topic, topicCatalogue, topicNamed, topicOf } from "./topic-catalogue.ts";
