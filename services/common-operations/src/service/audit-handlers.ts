import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { AuditEntrySchema, type AuditService } from "@tandem/contracts/common-operations";
import { AppError } from "@tandem/kernel";
import { callOf, readPage, writePage } from "@tandem/rpc";
import { maskDeep } from "@tandem/runtime";
import type { makeRecordAudit, makeVerifyAudit } from "../biz/keep-audit.ts";
import type { AuditReader } from "../biz/ports.ts";
import type { AuditEntry } from "../model/audit.ts";

export interface AuditHandlersDeps {
  readonly audits: AuditReader;
  readonly recordAudit: ReturnType<typeof makeRecordAudit>;
  readonly verifyAudit: ReturnType<typeof makeVerifyAudit>;
}

const toProto = (entry: AuditEntry) =>
  create(AuditEntrySchema, {
    ...entry,
    number: BigInt(entry.number),
    occurredAt: timestampFromDate(entry.occurredAt),
    recordedAt: timestampFromDate(entry.recordedAt),
  });

/** @throws AppError `request.invalid` for what is no JSON object */
const maskedDetails = (details: string): string => {
  if (details === "") return "";
  try {
    const value: unknown = JSON.parse(details);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return JSON.stringify(maskDeep(value));
  } catch {
    // told below
  }
  const fault = { field: "details", rule: "json.object", message: "must be a JSON object" };
  throw new AppError("invalid_argument", "request.invalid", "details: must be a JSON object", { details: [fault] });
};

export const makeAuditHandlers = (deps: AuditHandlersDeps): ServiceImpl<typeof AuditService> => ({
  recordAudit: async ({ entryId, occurredAt, actor, action, context: where, targetKind, target, details }, context) => {
    const { correlationId } = callOf(context);
    const told = { entryId, actor, action, context: where, targetKind, target, correlationId };
    const at = occurredAt ? timestampDate(occurredAt) : new Date(0);
    const entry = await deps.recordAudit({ ...told, occurredAt: at, details: maskedDetails(details) }, context.signal);
    return { entry: toProto(entry) };
  },
  listAuditEntries: async ({ page, actor, action, context, target, from, until }) => {
    const criteria = {
      actor: actor || undefined,
      action: action || undefined,
      context: context || undefined,
      target: target || undefined,
      from: from && timestampDate(from),
      until: until && timestampDate(until),
    };
    const found = await deps.audits.listByCriteria(criteria, readPage(page));
    return { entries: found.items.map(toProto), page: writePage(found) };
  },
  verifyAudit: async ({ fromNumber, limit }, { signal }) => {
    const { checked, last, broken } = await deps.verifyAudit(Number(fromNumber), limit || 100_000, signal);
    return {
      intact: !broken,
      checked: BigInt(checked),
      brokenNumber: BigInt(broken?.number ?? 0),
      fault: broken?.fault ?? "",
      lastNumber: BigInt(last.number),
      lastHash: last.hash,
    };
  },
});
