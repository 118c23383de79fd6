import { money } from "@tandem/kernel";
import { groupCalls } from "@tandem/operations";
import type { Database } from "@tandem/postgres";
import type { BookingAnswer, CarrierPort, Parcel } from "../biz/ports.ts";
import type { ShipmentFailure, TrackingEvent } from "../model/tracking.ts";

/** What a simulated carrier is like. */
export interface CarrierTraits {
  readonly code: string;
  readonly name: string;
  /** Begins its tracking numbers, two letters. */
  readonly prefix: string;
  readonly service: string;
  /** Cents for the first kilogram, and for each further one begun. */
  readonly baseMinor: number;
  readonly perKgMinor: number;
  readonly maxWeightGrams: number;
  /** Working days within a country, within Europe, beyond; undefined: it does not go there. */
  readonly days: { readonly home: number; readonly europe: number; readonly world: number | undefined };
}

export interface SimulatedCarrierOptions {
  readonly database: Pick<Database, "query">;
  readonly traits: CarrierTraits;
  /** How long it takes to answer. */
  readonly callMs: number;
  /** From the pickup to the door. */
  readonly transitMs: number;
}

const EUROPE = new Set(
  "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split(" "),
);
/** Nobody goes there. */
const NOWHERE = "AQ";
const FLAKY_FAILURES = 2;

type Marker = ShipmentFailure | "FLAKY" | "TIMEOUT" | "OVERSIZE";
const MARKERS = /\b(LOST|REFUSED|UNDELIVERABLE|FLAKY|TIMEOUT|OVERSIZE)\b/g;

/** In capitals in the recipient's name or address lines. */
const markersOf = ({ recipient }: Parcel): ReadonlySet<Marker> =>
  new Set([recipient.recipient, recipient.line1, recipient.line2].join(" ").match(MARKERS) as Marker[] | null);

interface BookingRow extends Record<string, unknown> {
  readonly trackingNumber: string;
  readonly ending: "DELIVERED" | ShipmentFailure;
  readonly fromPlace: string;
  readonly toPlace: string;
  readonly toCountry: string;
  readonly toPostalCode: string;
  readonly bookedAt: Date;
  readonly pickedUpAt: Date | null;
  readonly cancelledAt: Date | null;
  readonly transitMs: number;
  readonly now: Date;
}

const BOOKING = `tracking_number as "trackingNumber", ending, from_place as "fromPlace", to_place as "toPlace", to_country as "toCountry",
  to_postal_code as "toPostalCode", booked_at as "bookedAt", picked_up_at as "pickedUpAt", cancelled_at as "cancelledAt",
  transit_ms as "transitMs", now() as now`;

const ENDINGS: Readonly<Record<BookingRow["ending"], string>> = {
  DELIVERED: "delivered",
  LOST: "cannot be found",
  REFUSED: "the recipient refused it",
  UNDELIVERABLE: "nobody of this name at this address",
};

/** How the story goes, by how much of the way is behind it. */
const storyOf = (row: BookingRow): TrackingEvent[] => {
  const events: TrackingEvent[] = [{ status: "BOOKED", text: "announced", place: row.fromPlace, at: row.bookedAt }];
  if (row.cancelledAt)
    return [...events, { status: "CANCELLED", text: "called off", place: row.fromPlace, at: row.cancelledAt }];
  const { pickedUpAt, transitMs, ending } = row;
  if (!pickedUpAt) return events;
  const stages: readonly (readonly [number, Omit<TrackingEvent, "at">])[] = [
    [0, { status: "PICKED_UP", text: "fetched", place: row.fromPlace }],
    [0.3, { status: "IN_TRANSIT", text: "sorted", place: row.fromPlace }],
    ...(ending === "LOST"
      ? []
      : ([[0.7, { status: "OUT_FOR_DELIVERY", text: "in the van", place: row.toPlace }]] as const)),
    [1, { status: ending, text: ENDINGS[ending], place: row.toPlace }],
  ];
  for (const [share, stage] of stages) {
    const at = new Date(pickedUpAt.getTime() + share * transitMs);
    if (at.getTime() <= row.now.getTime()) events.push({ ...stage, at });
  }
  return events;
};

/**
 * A carrier that behaves as real ones do: slow, and failing, deterministic by words in capitals in the recipient's name or address: `LOST`,
 * `REFUSED`, `UNDELIVERABLE` end so; `FLAKY` fails twice before it books; `TIMEOUT` books, and the answer is lost; `OVERSIZE` is refused by the
 * cheap carrier at the counter; nobody goes to Antarctica. Its books are its own, in Postgres: they outlive any crash of ours.
 */
export const createSimulatedCarrier = (options: SimulatedCarrierOptions): CarrierPort => {
  const { database, traits, callMs, transitMs } = options;
  const { code, prefix, service } = traits;

  const answerTime = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, callMs);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });

  const daysTo = (parcel: Parcel): number | undefined => {
    const [from, to] = [parcel.sender.countryCode, parcel.recipient.countryCode];
    if (to === NOWHERE || parcel.weightGrams > traits.maxWeightGrams) return undefined;
    if (from === to) return traits.days.home;
    return EUROPE.has(from) && EUROPE.has(to) ? traits.days.europe : traits.days.world;
  };

  const find = async (column: "booking_key" | "tracking_number", sought: readonly string[]) => {
    const { rows } = await database.query<BookingRow>({
      name: `carrier find ${column}`,
      text: `select ${BOOKING} from carrier_sim.booking where carrier = $1 and ${column} = any($2)`,
      values: [code, sought],
    });
    return rows;
  };

  /** Of many parcels at once where many are asked about at once. */
  const findByNumber = groupCalls(async (numbers: readonly string[]) => {
    const found = new Map((await find("tracking_number", numbers)).map((row) => [row.trackingNumber, row]));
    return numbers.map((number) => found.get(number));
  });

  const toAnswer = ({ trackingNumber, bookedAt }: BookingRow): BookingAnswer => ({
    type: "booked",
    booking: {
      trackingNumber,
      trackingUrl: `https://${code}.example/track/${trackingNumber}`,
      estimatedDeliveryAt: new Date(bookedAt.getTime() + transitMs),
    },
  });

  /** The booking of that key, made now unless it is there. */
  const store = async (key: string, parcel: Parcel, ending: BookingRow["ending"]): Promise<BookingRow> => {
    const { sender, recipient } = parcel;
    // As the postal union's: letters of the service, digits, the country that it comes from.
    const serial = String(BigInt(`0x${key.replaceAll("-", "").slice(-15)}`) % 100_000_000_000_000n).padStart(14, "0");
    const { rows } = await database.query<BookingRow>({
      name: "carrier book",
      text: `insert into carrier_sim.booking
          (carrier, booking_key, tracking_number, service, ending, from_place, to_place, to_country, to_postal_code)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (carrier, booking_key) do nothing
        returning ${BOOKING}`,
      values: [
        code,
        key,
        `${prefix}${serial}${sender.countryCode}`,
        service,
        ending,
        sender.city,
        recipient.city,
        recipient.countryCode,
        recipient.postalCode,
      ],
    });
    const booked = rows[0] ?? (await find("booking_key", [key]))[0];
    if (!booked) throw new Error(`${code} answered 500`);
    return booked;
  };

  const callsOf = async (key: string): Promise<number> => {
    const { rows } = await database.query<{ calls: number }>(
      `insert into carrier_sim.call (booking_key, calls) values ($1, 1)
       on conflict (booking_key) do update set calls = carrier_sim.call.calls + 1 returning calls`,
      [key],
    );
    return rows[0]?.calls ?? 0;
  };

  const need = async (trackingNumber: string): Promise<BookingRow> => {
    const found = await findByNumber(trackingNumber);
    if (!found) throw new Error(`${code} answered 404 for ${trackingNumber}`);
    return found;
  };

  return {
    code,
    name: traits.name,

    async rates(parcel, signal) {
      await answerTime(signal);
      const days = daysTo(parcel);
      if (days === undefined) return [];
      const kilograms = Math.max(1, Math.ceil(parcel.weightGrams / 1_000));
      const zone = days === traits.days.home ? 1 : days === traits.days.europe ? 2 : 4;
      const minor = (traits.baseMinor + (kilograms - 1) * traits.perKgMinor) * zone;
      return [{ carrier: code, service, price: money("EUR", BigInt(minor)), days }];
    },

    async book(key, _service, parcel, signal) {
      await answerTime(signal);
      const markers = markersOf(parcel);
      if (markers.has("OVERSIZE") && traits.days.world === undefined)
        return { type: "refused", text: "too large for the belt" };
      if (markers.has("FLAKY") && (await callsOf(key)) <= FLAKY_FAILURES) throw new Error(`${code} answered 503`);
      const ending = (["LOST", "REFUSED", "UNDELIVERABLE"] as const).find((one) => markers.has(one)) ?? "DELIVERED";
      const booked = await store(key, parcel, ending);
      if (markers.has("TIMEOUT") && (await callsOf(key)) === 1) await untilAborted(signal);
      return toAnswer(booked);
    },

    async findBooking(key, signal) {
      await answerTime(signal);
      const [known] = await find("booking_key", [key]);
      return known && toAnswer(known);
    },

    async label(trackingNumber, signal) {
      await answerTime(signal);
      const { toCountry, toPostalCode } = await need(trackingNumber);
      const area = toPostalCode
        .toUpperCase()
        .replaceAll(/[^A-Z0-9]/g, "")
        .slice(0, 3);
      return { routingCode: [toCountry, area, service.toUpperCase().slice(0, 3)].filter(Boolean).join("-") };
    },

    async pickUp(trackingNumber, signal) {
      await answerTime(signal);
      const { rowCount } = await database.query({
        name: "carrier pick up",
        text: `update carrier_sim.booking
          set picked_up_at = coalesce(picked_up_at, now()), transit_ms = $3, pickups = pickups + (picked_up_at is null)::int
          where carrier = $1 and tracking_number = $2 and cancelled_at is null`,
        values: [code, trackingNumber, transitMs],
      });
      return rowCount === 1;
    },

    async track(trackingNumber, signal) {
      await answerTime(signal);
      return storyOf(await need(trackingNumber));
    },

    async cancel(trackingNumber, signal) {
      await answerTime(signal);
      const { rowCount } = await database.query(
        `update carrier_sim.booking set cancelled_at = coalesce(cancelled_at, now())
         where carrier = $1 and tracking_number = $2 and picked_up_at is null`,
        [code, trackingNumber],
      );
      return rowCount === 1;
    },
  };
};

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
