import { fingerprint } from "../../model/fingerprint.ts";

/** Index names are ours (`makeReindexStore`); checked all the same, since a table's name cannot be bound. */
export const tableOf = (index: string): string => {
  if (!/^[a-z][a-z0-9_-]{0,60}$/.test(index)) throw new TypeError(`no index name: ${index}`);
  return `"${index}"`;
};

/** Of a statement that connections keep prepared: there are few indexes in a connection's life. Postgres cuts names after 63 bytes. */
export const nameOf = (what: string, index: string): string => `${what} ${fingerprint(index)}`;
