import inventory from "../metric-inventory.json" with { type: "json" };
import { type ContextOfDashboard, contextDashboard } from "./context.ts";
import type { Dashboard } from "./dashboard.ts";
import { orderJourney } from "./order-journey.ts";
import { platformOverview } from "./platform-overview.ts";

export type { ContextOfDashboard } from "./context.ts";
export type { Dashboard } from "./dashboard.ts";

/** The platform, an order's way through it, and each context. Pure. */
export const dashboards = (contexts: readonly ContextOfDashboard[]): readonly Dashboard[] => [
  platformOverview(),
  orderJourney(),
  ...contexts.map((entry) => contextDashboard(entry, inventory)),
];
