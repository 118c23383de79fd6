import { needsDaprd } from "./needs-daprd.ts";
import { orderFlows } from "./order-flows.ts";

needsDaprd(() => orderFlows("daprd"));
