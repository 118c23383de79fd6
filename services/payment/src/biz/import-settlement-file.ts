import { type Clock, subtractMoney } from "@tandem/kernel";
import { settlementFileSettled } from "../model/errors.ts";
import type { Settlement } from "../model/settlement.ts";
import { type BankLine, compareBooks, type SettlementFile, sumLines } from "../model/settlement-file.ts";
import type { PaymentUnitOfWork } from "./ports.ts";

export interface ImportSettlementFileDeps {
  readonly uow: PaymentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
  /** The bank's format. @throws AppError `payment.settlement_file_invalid` */
  readonly read: (content: string, day: string) => readonly BankLine[];
  readonly checksumOf: (content: string) => string;
}

export interface ImportSettlementFileInput {
  readonly provider: string;
  /** `2026-11-21`, UTC. */
  readonly day: string;
  readonly content: string;
}

/** Ours of the last moments of a day may stand in the bank's next one: they are missed a day later, if at all. */
const MIDNIGHT_GRACE_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Takes a bank's day in, compares it with ours, and keeps what differs. Where the two agree, the day is settled, by currency, and
 * `payment.settled` says so. The same file again: the same report. A day that differed may be sent again, corrected.
 * @throws AppError `payment.settlement_file_invalid`, `payment.settlement_file_settled`
 */
export const makeImportSettlementFile =
  ({ uow, clock, newId, read, checksumOf }: ImportSettlementFileDeps) =>
  async ({ provider, day, content }: ImportSettlementFileInput, signal?: AbortSignal): Promise<SettlementFile> => {
    const lines = read(content, day);
    const checksum = checksumOf(content);
    return uow.transact(async ({ files, settlements, outbox }) => {
      const now = clock.now();
      await files.lockDay(provider, day);
      const before = await files.findByDay(provider, day);
      if (before?.status === "AGREES") {
        if (before.checksum === checksum) return before;
        throw settlementFileSettled(day);
      }
      const operationIds = lines.map(({ operationId }) => operationId);
      const from = new Date(`${day}T00:00:00Z`).getTime() - MIDNIGHT_GRACE_MS;
      const period = { from: new Date(from), to: new Date(from + DAY_MS) };
      const unnamed = await files.listUnnamed(period, operationIds, before?.id);
      const elsewhere = await files.listNamedElsewhere(operationIds, before?.id);
      const differences = compareBooks(lines, await files.listMovements(operationIds), elsewhere, unnamed);

      const made: Settlement[] = [];
      for (const { gross, refunded, fee, operationIds: of } of differences.length === 0 ? sumLines(lines) : []) {
        const paymentIds = await files.listCapturedPayments(of);
        const settlement: Settlement = {
          id: newId(),
          gross,
          refunded,
          fee,
          net: subtractMoney(subtractMoney(gross, refunded), fee),
          paymentCount: paymentIds.length,
          periodStart: new Date(`${day}T00:00:00Z`),
          periodEnd: new Date(new Date(`${day}T00:00:00Z`).getTime() + DAY_MS),
          settledAt: now,
        };
        await settlements.create(settlement, paymentIds);
        made.push(settlement);
      }
      const file: SettlementFile = {
        id: before?.id ?? newId(),
        provider,
        day,
        status: differences.length === 0 ? "AGREES" : "DIFFERS",
        checksum,
        lineCount: lines.length,
        differences,
        settlementIds: made.map(({ id }) => id),
        importedAt: now,
      };
      await files.replace(file, lines);
      await outbox.add(...made.map((settlement) => ({ type: "payment.settled" as const, settlement, at: now })));
      return file;
    }, signal);
  };
