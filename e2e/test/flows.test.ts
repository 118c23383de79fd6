import { orderFlows } from "./order-flows.ts";

orderFlows("embedded");
