import { carriersUnavailable } from "../model/errors.ts";
import { sortRates } from "../model/rate.ts";
import type { CarrierPort, Parcel, Quotation } from "./ports.ts";

/** Asks all carriers at once; who does not answer is left out and named. @throws AppError `shipping.carriers_unavailable` when nobody does */
export const makeQuoteRates =
  ({ carriers }: { readonly carriers: readonly CarrierPort[] }) =>
  async (parcel: Parcel, signal: AbortSignal): Promise<Quotation> => {
    const answers = await Promise.allSettled(carriers.map((carrier) => carrier.rates(parcel, signal)));
    const unavailable = carriers.filter((_, index) => answers[index]?.status === "rejected").map(({ code }) => code);
    if (unavailable.length === carriers.length) throw carriersUnavailable();
    return { rates: sortRates(answers.flatMap((one) => (one.status === "fulfilled" ? one.value : []))), unavailable };
  };
