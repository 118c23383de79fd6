/** What somebody did, as it is told. */
export interface AuditedAction {
  /** Known again by it: the same one is recorded once. */
  readonly entryId: string;
  readonly occurredAt: Date;
  /** The token's subject. */
  readonly actor: string;
  /** `dead-letter.replay` */
  readonly action: string;
  readonly context: string;
  readonly targetKind: string;
  readonly target: string;
  /** A JSON object, masked; empty: none. */
  readonly details: string;
  readonly correlationId: string;
}

export interface AuditEntry extends AuditedAction {
  /** Its place in the chain, from 1. */
  readonly number: number;
  readonly recordedAt: Date;
  /** SHA-256 over the entry before it and itself, in hex. */
  readonly hash: string;
}

/** What comes before the first entry. */
export const CHAIN_START = "0".repeat(64);

/** What the hash of an entry is over. The order is part of the format: it never changes. */
export const chainText = (before: string, entry: Omit<AuditEntry, "hash">): string =>
  JSON.stringify([
    before,
    entry.number,
    entry.entryId,
    entry.occurredAt.toISOString(),
    entry.recordedAt.toISOString(),
    entry.actor,
    entry.action,
    entry.context,
    entry.targetKind,
    entry.target,
    entry.details,
    entry.correlationId,
  ]);

export interface ChainCheck {
  readonly checked: number;
  /** The last entry that was right. */
  readonly last: { readonly number: number; readonly hash: string };
  readonly broken?: { readonly number: number; readonly fault: "gap" | "hash" };
}

/** Checks entries that follow each other; goes on from where an earlier check ended, and stays at the first fault. */
export const checkChain = (
  so: ChainCheck,
  entries: readonly AuditEntry[],
  digest: (text: string) => string,
): ChainCheck => {
  let { checked, last } = so;
  for (const entry of entries) {
    if (entry.number !== last.number + 1) return { checked, last, broken: { number: last.number + 1, fault: "gap" } };
    if (digest(chainText(last.hash, entry)) !== entry.hash)
      return { checked, last, broken: { number: entry.number, fault: "hash" } };
    checked += 1;
    last = { number: entry.number, hash: entry.hash };
  }
  return { checked, last };
};
