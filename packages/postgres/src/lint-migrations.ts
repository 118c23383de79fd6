import { isNoTransaction, type MigrationFile, readMigrations } from "./migration-files.ts";
import { type SqlStatement, splitSql } from "./split-sql.ts";

export interface LintFinding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

interface Scope {
  /** Tables made by this very file: nobody uses them yet. */
  readonly created: Set<string>;
  readonly inTransaction: boolean;
  /** Indexes that this file drops first, so that it can be repeated. */
  readonly dropped: Set<string>;
  /** `table.column` proven to hold no null by a validated check, in this file or one before. */
  readonly proven: Set<string>;
}

type Rule = (code: string, scope: Scope) => string | undefined;

const NAME = `(?:if\\s+(?:not\\s+)?exists\\s+)?(?:only\\s+)?((?:"?[\\w$]+"?\\.)?"?[\\w$]+"?)`;
const ALTERED = new RegExp(`^alter\\s+table\\s+${NAME}`, "i");
const INDEXED = new RegExp(`^create\\s+(?:unique\\s+)?index\\s+(concurrently\\s+)?${NAME}\\s+on\\s+${NAME}`, "i");
const CREATED = new RegExp(`^create\\s+(?:unlogged\\s+)?table\\s+${NAME}`, "i");

const plain = (name: string | undefined): string =>
  (name ?? "")
    .replaceAll('"', "")
    .replace(/^public\./, "")
    .toLowerCase();
const alteredTable = (code: string): string | undefined => {
  const match = ALTERED.exec(code);
  return match ? plain(match[1]) : undefined;
};
const existing = (code: string, scope: Scope): string | undefined => {
  const table = alteredTable(code);
  return table !== undefined && !scope.created.has(table) ? table : undefined;
};

/** Each rule returns why a statement may not go out with the code that needs it, or undefined. */
const RULES: Readonly<Record<string, Rule>> = {
  "drop-table": (code) =>
    /^drop\s+(table|schema|view|type)\b/i.test(code)
      ? "running code still uses it: remove the use, release, then drop"
      : undefined,
  "drop-column": (code, scope) =>
    existing(code, scope) !== undefined &&
    /\bdrop\s+(column\b|(?!constraint|default|not\s+null|expression|identity)"?\w)/i.test(code)
      ? "running code still reads it: stop using it, release, then drop"
      : undefined,
  rename: (code, scope) =>
    existing(code, scope) !== undefined && /\brename\s+(?!constraint)/i.test(code)
      ? "running code knows the old name: add the new one, write both, release, then drop the old"
      : undefined,
  "alter-type": (code, scope) =>
    existing(code, scope) !== undefined && /\balter\s+(column\s+)?"?\w+"?\s+(set\s+data\s+)?type\b/i.test(code)
      ? "rewrites the table under an exclusive lock: add a column of the new type and backfill"
      : undefined,
  "set-not-null": (code, scope) => {
    const table = existing(code, scope);
    const column = /\balter\s+(?:column\s+)?"?(\w+)"?\s+set\s+not\s+null/i.exec(code)?.[1]?.toLowerCase();
    return table !== undefined && column !== undefined && !scope.proven.has(`${table}.${column}`)
      ? "scans the table under an exclusive lock: first CHECK (... IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT"
      : undefined;
  },
  "add-required-column": (code, scope) =>
    existing(code, scope) !== undefined &&
    /\badd\s+(column\s+)?(?!constraint|check|foreign|unique|primary|exclude)[^,]*\bnot\s+null\b/i.test(code) &&
    !/\bdefault\b|\bgenerated\b/i.test(code)
      ? "running code does not write it: give it a DEFAULT, or allow null"
      : undefined,
  "volatile-default": (code, scope) =>
    existing(code, scope) !== undefined &&
    /\badd\s+(column\s+)?[\s\S]*\bdefault\s+(gen_random_uuid|random|uuidv\d|clock_timestamp|nextval)\s*\(/i.test(code)
      ? "rewrites the whole table: add the column without it, set the default, backfill"
      : undefined,
  "unvalidated-constraint": (code, scope) =>
    existing(code, scope) !== undefined &&
    /\badd\s+(constraint\s+"?\w+"?\s+)?(foreign\s+key|check)\b/i.test(code) &&
    !/\bnot\s+valid\b/i.test(code)
      ? "checks every row under a lock: add it NOT VALID, and VALIDATE CONSTRAINT in a later migration"
      : undefined,
  "unique-without-index": (code, scope) =>
    existing(code, scope) !== undefined &&
    /\badd\s+(constraint\s+"?\w+"?\s+)?(unique|primary\s+key)\b/i.test(code) &&
    !/\busing\s+index\b/i.test(code)
      ? "builds its index under an exclusive lock: CREATE UNIQUE INDEX CONCURRENTLY, then ADD ... USING INDEX"
      : undefined,
  "blocking-index": (code, scope) => {
    const index = INDEXED.exec(code) ?? /^create\s+(?:unique\s+)?index\s+on\s+((?:"?\w+"?\.)?"?\w+"?)/i.exec(code);
    if (!index || index[1]?.toLowerCase().startsWith("concurrently") || scope.created.has(plain(index.at(-1))))
      return undefined;
    return "blocks writers while it is built: CREATE INDEX CONCURRENTLY in a `-- no-transaction` file";
  },
  "blocking-drop-index": (code) =>
    /^drop\s+index\b(?!\s+concurrently)/i.test(code) ? "takes an exclusive lock: DROP INDEX CONCURRENTLY" : undefined,
  "concurrently-in-transaction": (code, scope) =>
    scope.inTransaction && /^(create|drop|reindex)\b.*\bconcurrently\b/is.test(code)
      ? "cannot run in a transaction: the file's first line must be `-- no-transaction`"
      : undefined,
  "unrepeatable-index": (code, scope) => {
    const index = INDEXED.exec(code);
    return index?.[1] && !scope.dropped.has(plain(index[2]))
      ? "leaves an invalid index behind when it is interrupted: DROP INDEX CONCURRENTLY IF EXISTS it first"
      : undefined;
  },
};

/**
 * Checks that each `up` migration of `dir` can run while the release before it is serving (expand), and flags what cannot.
 * A statement that takes something away on purpose (contract) says so in a comment: `-- contract: <reason>`.
 */
export const lintMigrations = async (dir: string): Promise<LintFinding[]> => {
  const proven = new Set<string>();
  const checks = new Map<string, string>();
  const files = await readMigrations({ name: "lint", dir });
  return files.flatMap((file) => lintFile(file, proven, checks));
};

const lintFile = (file: MigrationFile, proven: Set<string>, checks: Map<string, string>): LintFinding[] => {
  const scope: Scope = { created: new Set(), inTransaction: !isNoTransaction(file.up), dropped: new Set(), proven };
  const findings: LintFinding[] = [];
  for (const statement of splitSql(file.up)) {
    const { code, line } = statement;
    const created = CREATED.exec(code);
    if (created) scope.created.add(plain(created[1]));
    const dropped = /^drop\s+index\s+concurrently\s+if\s+exists\s+("?[\w.$]+"?)/i.exec(code);
    if (dropped) scope.dropped.add(plain(dropped[1]));
    if (!isContract(statement)) {
      for (const [rule, judge] of Object.entries(RULES)) {
        const message = judge(code, scope);
        if (message) findings.push({ file: `${file.file}.up.sql`, line, rule, message });
      }
    }
    noteProof(code, proven, checks);
  }
  return findings;
};

const isContract = ({ comments }: SqlStatement): boolean =>
  comments.some((comment) => /^contract:\s*\S/i.test(comment));

const noteProof = (code: string, proven: Set<string>, checks: Map<string, string>): void => {
  const table = alteredTable(code);
  if (table === undefined) return;
  const check = /\badd\s+constraint\s+"?(\w+)"?\s+check\s*\(\s*"?(\w+)"?\s+is\s+not\s+null\s*\)/i.exec(code);
  if (check) checks.set(`${table}.${check[1]?.toLowerCase()}`, `${table}.${check[2]?.toLowerCase()}`);
  const validated = /\bvalidate\s+constraint\s+"?(\w+)"?/i.exec(code);
  const column = validated && checks.get(`${table}.${validated[1]?.toLowerCase()}`);
  if (column) proven.add(column);
};
