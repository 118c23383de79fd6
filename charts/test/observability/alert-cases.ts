import type { AlertCases } from "./alert-case.ts";
import { serviceAlertCases } from "./service-alert-cases.ts";
import { workAlertCases } from "./work-alert-cases.ts";

/** Of each alert, when it fires and when it does not. */
export const alertCases: AlertCases = { ...serviceAlertCases, ...workAlertCases };
