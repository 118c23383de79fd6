import { createHash } from "node:crypto";
import { type ErrorDetail, isId, money } from "@tandem/kernel";
import { settlementFileInvalid } from "../model/errors.ts";
import type { BankLine } from "../model/settlement-file.ts";

export const SETTLEMENT_HEADER = "operation_id,reference,kind,currency,amount_minor,fee_minor,booked_at";

/** Wrong lines that are named one by one; a file with more is not read on. */
const MOST_PROBLEMS = 100;
const MOST_MINOR = 10n ** 15n;

const wholeMinor = (text: string): bigint | undefined => {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const minor = BigInt(text);
  return minor <= MOST_MINOR ? minor : undefined;
};

type Read =
  | { readonly line: BankLine }
  | { readonly problem: Omit<ErrorDetail, "field"> & { readonly column: string } };

const wrong = (column: string, rule: string, message: string): Read => ({ problem: { column, rule, message } });

const readLine = (text: string, day: string, seen: ReadonlySet<string>): Read => {
  const cells = text.split(",");
  if (cells.length !== 7) return wrong("", "columns", `7 columns expected, ${cells.length} found`);
  const [operationId = "", , kind = "", currency = "", amountText = "", feeText = "", bookedAt = ""] = cells;
  if (!isId(operationId)) return wrong("operation_id", "uuid", "not an id");
  if (seen.has(operationId.toLowerCase())) return wrong("operation_id", "unique", "named in a line above");
  if (kind !== "CAPTURE" && kind !== "REFUND") return wrong("kind", "in", "CAPTURE or REFUND");
  if (!/^[A-Z]{3}$/.test(currency)) return wrong("currency", "iso_4217", "three capital letters");
  const amount = wholeMinor(amountText);
  if (amount === undefined) return wrong("amount_minor", "whole", "whole minor units, not negative");
  const fee = wholeMinor(feeText);
  if (fee === undefined) return wrong("fee_minor", "whole", "whole minor units, not negative");
  const at = /^\d{4}-\d\d-\d\dT[\d:.]{5,15}Z$/.test(bookedAt) ? new Date(bookedAt) : undefined;
  if (!at || Number.isNaN(at.getTime()))
    return wrong("booked_at", "time", "a moment in UTC, like 2026-11-21T10:00:00Z");
  if (at.toISOString().slice(0, 10) !== day) return wrong("booked_at", "day", `not on ${day}`);
  return {
    line: {
      operationId: operationId.toLowerCase(),
      kind,
      amount: money(currency, amount),
      fee: money(currency, fee),
    },
  };
};

/**
 * Reads a day's CSV. All of it or nothing: a file with a wrong line is refused, and every wrong line named (line 1 is the header).
 * @throws AppError `payment.settlement_file_invalid`
 */
export const readSettlementFile = (content: string, day: string): readonly BankLine[] => {
  const [header = "", ...rows] = content.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (header !== SETTLEMENT_HEADER) {
    throw settlementFileInvalid([{ field: "line 1", rule: "header", message: `expected ${SETTLEMENT_HEADER}` }]);
  }
  const lines: BankLine[] = [];
  const problems: ErrorDetail[] = [];
  const seen = new Set<string>();
  for (const [at, row] of rows.entries()) {
    if (row === "" && at === rows.length - 1) continue;
    if (problems.length >= MOST_PROBLEMS) break;
    const read = readLine(row, day, seen);
    if ("problem" in read) {
      const { column, rule, message } = read.problem;
      problems.push({ field: `line ${at + 2}${column && `, ${column}`}`, rule: rule ?? "", message });
      continue;
    }
    seen.add(read.line.operationId);
    lines.push(read.line);
  }
  if (problems.length > 0) throw settlementFileInvalid(problems);
  return lines;
};

/** Tells one file from another. */
export const sha256 = (content: string): string => createHash("sha256").update(content).digest("hex");
