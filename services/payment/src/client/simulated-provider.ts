import type { Database } from "@tandem/postgres";
import type { CardProvider, ProviderAnswer, ProviderRequest } from "../biz/ports.ts";
import type { FailureCode } from "../model/operation.ts";

export interface SimulatedProviderOptions {
  readonly database: Pick<Database, "query">;
  /** How long a `tok_late` operation stays pending. Default 1000. */
  readonly lateMs?: number;
}

interface Row extends Record<string, unknown> {
  readonly chargeId: string;
  readonly status: "SUCCEEDED" | "FAILED" | "PENDING";
  readonly failureCode: FailureCode | null;
  readonly decided: boolean;
}

const REFUSALS: Readonly<Record<string, FailureCode>> = {
  tok_declined: "DECLINED",
  tok_insufficient_funds: "INSUFFICIENT_FUNDS",
  tok_expired: "CARD_EXPIRED",
};
const KNOWN = new Set(["tok_visa", "tok_timeout", "tok_late", "tok_flaky", ...Object.keys(REFUSALS)]);
const FLAKY_FAILURES = 2;

/**
 * A card provider that behaves as real ones do, deterministic by the card's token: `tok_visa` good; `tok_declined`, `tok_insufficient_funds`,
 * `tok_expired` refused; `tok_timeout` acts, and its first answer is lost; `tok_late` decides later; `tok_flaky` fails twice before it acts.
 * Its books are its own, in Postgres: they outlive any crash of ours, as a bank's do. Idempotent by operation id.
 */
export const createSimulatedProvider = ({ database, lateMs = 1_000 }: SimulatedProviderOptions): CardProvider => {
  const lookup = async (operationId: string): Promise<ProviderAnswer | undefined> => {
    const { rows } = await database.query<Row>({
      name: "provider lookup",
      text: `select charge_id as "chargeId", status, failure_code as "failureCode", decided_at <= now() as decided
        from provider_sim.operation where operation_id = $1`,
      values: [operationId],
    });
    return rows[0] && toAnswer(rows[0]);
  };

  const book = async (request: ProviderRequest): Promise<ProviderAnswer> => {
    const { operationId, kind, amount, cardToken, providerReference } = request;
    const refusal = kind === "AUTHORIZE" ? (KNOWN.has(cardToken) ? REFUSALS[cardToken] : "TOKEN_INVALID") : undefined;
    const late = kind === "AUTHORIZE" && cardToken === "tok_late";
    await database.query({
      name: "provider book",
      text: `insert into provider_sim.operation
          (operation_id, kind, charge_id, currency, amount_minor, status, failure_code, decided_at, notified)
        values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond', $9)
        on conflict (operation_id) do nothing`,
      values: [
        operationId,
        kind,
        providerReference || `ch_${operationId}`,
        amount.currency,
        amount.minor.toString(),
        refusal ? "FAILED" : late ? "PENDING" : "SUCCEEDED",
        refusal ?? null,
        late ? lateMs : 0,
        !late,
      ],
    });
    return (await lookup(operationId)) ?? { type: "pending" };
  };

  return {
    lookup,
    async execute(request, signal) {
      const { operationId, kind, cardToken } = request;
      const known = await lookup(operationId);
      if (known) return known;
      if (kind === "AUTHORIZE" && (cardToken === "tok_flaky" || cardToken === "tok_timeout")) {
        const { rows } = await database.query<{ calls: number }>(
          `insert into provider_sim.call (operation_id, calls) values ($1, 1)
           on conflict (operation_id) do update set calls = provider_sim.call.calls + 1 returning calls`,
          [operationId],
        );
        if (cardToken === "tok_flaky" && (rows[0]?.calls ?? 0) <= FLAKY_FAILURES) {
          throw new Error("the provider answered 503");
        }
        if (cardToken === "tok_timeout") {
          await book(request);
          await untilAborted(signal);
        }
      }
      return book(request);
    },
  };
};

const toAnswer = ({ chargeId, status, failureCode, decided }: Row): ProviderAnswer => {
  if (status === "FAILED")
    return { type: "failed", code: failureCode ?? "DECLINED", text: "refused by the card's bank" };
  return status === "PENDING" && !decided ? { type: "pending" } : { type: "succeeded", reference: chargeId };
};

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
