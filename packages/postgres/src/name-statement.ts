const names = new Map<string, string>();
const PREFIX = "orm ";
/** Each name is a plan in each connection that uses it. */
const MAX_NAMES = 500;
/** Lists of values: each length is another text. */
const OF_ANY_LENGTH = /\bin \(\$\d+, |\), \(/i;
/** Prepared, it fails for good once a migration has added a column. */
const OF_ALL_COLUMNS = /(?:\bselect|\breturning|,)\s+(?:"?\w+"?\.)?\*/i;

/**
 * A name for a statement of the ORM, so that a connection has it parsed, and mostly planned, once: that was more than half of what a short one
 * costs. Undefined for texts that may be without number. A plan for any values is made after five executions, and lives until the table is analyzed.
 */
export const nameStatement = (text: string): string | undefined => {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_NAMES || OF_ANY_LENGTH.test(text) || OF_ALL_COLUMNS.test(text))
    return known;
  const name = `${PREFIX}${names.size + 1}`;
  names.set(text, name);
  return name;
};

/** It says nothing to a reader of traces. */
export const isGivenName = (name: string): boolean => name.startsWith(PREFIX);
