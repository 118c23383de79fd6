import type { Clock } from "@tandem/kernel";
import {
  type AuditEntry,
  type AuditedAction,
  CHAIN_START,
  type ChainCheck,
  chainText,
  checkChain,
} from "../model/audit.ts";
import type { AuditReader, NewDigest, OperationsUnitOfWork } from "./ports.ts";

export interface KeepAuditDeps {
  readonly uow: OperationsUnitOfWork;
  readonly clock: Clock;
  readonly newDigest: NewDigest;
}

const digestWith = (newDigest: NewDigest) => (text: string) => {
  const digest = newDigest();
  digest.update(new TextEncoder().encode(text));
  return digest.hex();
};

/** Adds an entry at the end of the chain. One at a time, platform-wide; the same entry again comes back as it was recorded. */
export const makeRecordAudit = ({ uow, clock, newDigest }: KeepAuditDeps) => {
  const digest = digestWith(newDigest);
  return (action: AuditedAction, signal?: AbortSignal): Promise<AuditEntry> =>
    uow.transact(async ({ audits }) => {
      const last = await audits.lockEnd();
      const known = await audits.findByEntryId(action.entryId);
      if (known) return known;
      const linked = { ...action, number: (last?.number ?? 0) + 1, recordedAt: clock.now() };
      const entry: AuditEntry = { ...linked, hash: digest(chainText(last?.hash ?? CHAIN_START, linked)) };
      await audits.create(entry);
      return entry;
    }, signal);
};

const PAGE = 1_000;

/** Works the hashes out again, from an entry on; that entry's predecessor is believed. */
export const makeVerifyAudit = ({
  audits,
  newDigest,
}: {
  readonly audits: AuditReader;
  readonly newDigest: NewDigest;
}) => {
  const digest = digestWith(newDigest);
  return async (fromNumber: number, limit: number, signal: AbortSignal): Promise<ChainCheck> => {
    const first = Math.max(1, fromNumber);
    const [before] = first > 1 ? await audits.listAfter(first - 2, 1) : [];
    if (first > 1 && before?.number !== first - 1)
      return { checked: 0, last: { number: 0, hash: CHAIN_START }, broken: { number: first - 1, fault: "gap" } };
    let check: ChainCheck = { checked: 0, last: { number: first - 1, hash: before?.hash ?? CHAIN_START } };
    while (check.checked < limit) {
      signal.throwIfAborted();
      const wanted = Math.min(PAGE, limit - check.checked);
      const entries = await audits.listAfter(check.last.number, wanted);
      check = checkChain(check, entries, digest);
      if (check.broken || entries.length < wanted) break;
    }
    return check;
  };
};
