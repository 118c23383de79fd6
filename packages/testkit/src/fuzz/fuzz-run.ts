/** The gate sends the same requests on every run: a landing must not fail by chance. `npm run test:fuzz` looks further, with seeds of its own. */
const GATE_SEED = 20_261_121;
const REQUESTS = 40;
/** What 40 requests to each door may take on a busy machine. */
const PATIENCE_MS = 180_000;

const wholeNumber = (env: Readonly<Record<string, string | undefined>>, name: string, otherwise: number): number => {
  const given = env[name];
  if (given === undefined || given === "") return otherwise;
  if (!/^\d{1,10}$/.test(given) || Number(given) > 2 ** 31)
    throw new TypeError(`${name} is a whole number up to 2^31, not ${given}`);
  return Number(given);
};

/** What a run of the fuzz sends, and how long it may take: the gate's, or what FUZZ_SEED and FUZZ_REQUESTS say. */
export const readFuzzRun = (env: Readonly<Record<string, string | undefined>>) => {
  const requests = Math.max(1, wholeNumber(env, "FUZZ_REQUESTS", REQUESTS));
  return {
    seed: wholeNumber(env, "FUZZ_SEED", GATE_SEED),
    requests,
    timeoutMs: PATIENCE_MS * Math.max(1, Math.ceil(requests / REQUESTS)),
  };
};
