import { messagingAlerts } from "./messaging.ts";
import { objectiveAlerts, objectiveRecords } from "./objectives.ts";
import { type Presence, presenceAlerts } from "./presence.ts";
import { resourceAlerts, resourceRecords } from "./resources.ts";
import type { RuleGroup } from "./rule.ts";
import { workAlerts } from "./work.ts";

export type { Presence } from "./presence.ts";
export type { AlertRule, RuleGroup } from "./rule.ts";

/** All rules, records before the alerts that read them. Pure. */
export const ruleGroups = (presence: Presence): readonly RuleGroup[] => [
  objectiveRecords,
  resourceRecords,
  objectiveAlerts,
  messagingAlerts,
  workAlerts,
  resourceAlerts,
  presenceAlerts(presence),
];
