/** The tests of the gate draw from the same seed on every run: a landing must not fail by chance. Commands that look further draw their own. */
const GATE_SEED = 20_261_121;

type Env = Readonly<Record<string, string | undefined>>;

/** @throws TypeError for what is no whole number up to 2^31 */
export const readWholeNumber = (env: Env, name: string, otherwise: number): number => {
  const given = env[name];
  if (given === undefined || given === "") return otherwise;
  if (!/^\d{1,10}$/.test(given) || Number(given) > 2 ** 31)
    throw new TypeError(`${name} is a whole number up to 2^31, not ${given}`);
  return Number(given);
};

/** The seed that an environment variable names, or the gate's. */
export const readSeed = (env: Env, name: string): number => readWholeNumber(env, name, GATE_SEED);
