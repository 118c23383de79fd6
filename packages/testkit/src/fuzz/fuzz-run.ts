import { readSeed, readWholeNumber } from "../gate-seed.ts";

const REQUESTS = 40;
/** What 40 requests to each door may take on a busy machine. */
const PATIENCE_MS = 600_000;

/** What a run of the fuzz sends, and how long it may take: the gate's, or what FUZZ_SEED and FUZZ_REQUESTS say (`npm run test:fuzz`). */
export const readFuzzRun = (env: Readonly<Record<string, string | undefined>>) => {
  const requests = Math.max(1, readWholeNumber(env, "FUZZ_REQUESTS", REQUESTS));
  return {
    seed: readSeed(env, "FUZZ_SEED"),
    requests,
    timeoutMs: PATIENCE_MS * Math.max(1, Math.ceil(requests / REQUESTS)),
  };
};
