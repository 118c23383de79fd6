import { isId } from "@tandem/kernel";
import { z } from "zod";
import type { ProviderWebhook } from "../biz/ports.ts";
import { webhookMalformed } from "../model/errors.ts";

export const OPERATION_DECIDED = "operation.decided";

const id = z.string().regex(/^[\w.:-]{1,200}$/);
const decided = z.object({ id, type: z.literal(OPERATION_DECIDED), operationId: z.string().refine(isId) });
// News of other kinds is stored, so that nothing is lost, and asks nothing of us.
const other = z.object({ id, type: z.string().min(1).max(100) });

/** The simulated provider's webhook. @throws AppError `payment.webhook_malformed` */
export const readWebhook = (provider: string, bytes: Uint8Array): ProviderWebhook => {
  const [body, json] = parse(bytes);
  const basics = other.safeParse(json);
  if (!basics.success) throw webhookMalformed();
  if (basics.data.type !== OPERATION_DECIDED) return { provider, eventId: basics.data.id, body };
  const about = decided.safeParse(json);
  if (!about.success) throw webhookMalformed();
  return { provider, eventId: about.data.id, operationId: about.data.operationId, body };
};

const parse = (bytes: Uint8Array): [string, unknown] => {
  try {
    const body = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return [body, JSON.parse(body)];
  } catch {
    throw webhookMalformed();
  }
};
