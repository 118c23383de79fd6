import type { Transaction } from "@tandem/postgres";
import type { Advance } from "./advance.ts";
import type { StoredSaga } from "./store.ts";
import type { SagaTypes } from "./types.ts";

interface Held<T extends SagaTypes> {
  readonly stored: StoredSaga<T>;
  next: Advance<T>;
}

/**
 * Transitions whose row, history and timer wait for the commit and travel with it: one statement a saga, and no round trip in which others wait for
 * its row. Who comes back to the saga in the same transaction, which holds its lock, finds it as it was left.
 */
export const createHeldAdvances = <T extends SagaTypes>(
  write: (tx: Transaction, next: Advance<T>) => Promise<void>,
) => {
  const byTransaction = new WeakMap<Transaction, Map<string, Held<T>>>();
  return {
    find(tx: Transaction, id: string): StoredSaga<T> | undefined {
      const held = byTransaction.get(tx)?.get(id);
      return held && { ...held.stored, instance: held.next.instance };
    },
    hold(tx: Transaction, stored: StoredSaga<T>, next: Advance<T>): void {
      const sagas = byTransaction.get(tx) ?? new Map<string, Held<T>>();
      byTransaction.set(tx, sagas);
      const { id } = next.instance;
      const before = sagas.get(id);
      if (before) {
        const steps = [...before.next.steps, ...next.steps];
        before.next = { ...next, steps, moved: before.next.moved || next.moved };
        return;
      }
      const held = { stored, next };
      sagas.set(id, held);
      tx.atCommit(() => write(tx, held.next));
    },
  };
};
