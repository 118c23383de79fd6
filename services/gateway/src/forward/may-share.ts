import type { Exchange } from "../edge/exchange.ts";
import type { CallRoute } from "../routing/route-table.ts";
import type { OutgoingBody } from "./read-body.ts";

/** Who waits for somebody else's call must have the patience for it. */
const PATIENT_MS = 5_000;
const MAX_QUESTION_BYTES = 2_048;

/** Whether somebody else's answer is this caller's, too: it asks for what is the same for all, as nobody in particular, and does not insist on a fresh one. */
export const mayShare = (
  { request: { headers }, protocol, httpMethod }: Exchange,
  route: CallRoute,
  target: string,
  body: OutgoingBody,
  patienceMs: number | undefined,
): boolean =>
  route.sameForAll &&
  headers.authorization === undefined &&
  (protocol === "rest" || protocol === "connect") &&
  httpMethod !== "HEAD" &&
  body.kind !== "stream" &&
  target.length + (body.kind === "whole" ? body.bytes.length : 0) <= MAX_QUESTION_BYTES &&
  (patienceMs === undefined || patienceMs >= PATIENT_MS) &&
  !/no-cache|no-store/i.test(headers["cache-control"] ?? "");
