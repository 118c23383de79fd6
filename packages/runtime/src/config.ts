import { z } from "zod";

/** The configuration is unusable. `problems` names every bad key; values are never part of it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly { readonly key: string; readonly problem: string }[];

  constructor(problems: readonly { readonly key: string; readonly problem: string }[]) {
    super(`bad configuration:\n${problems.map(({ key, problem }) => `  ${key}: ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/**
 * Parses `env` by `schema`, all keys at once. An empty variable counts as absent (that is what `FOO=` means in a shell
 * and an empty value in a manifest).
 * @throws ConfigError naming every missing or malformed key
 */
export const loadConfig = <S extends z.ZodType>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): z.output<S> => {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  // Messages are built here and not taken from the schema's input: they cannot contain a value.
  const parsed = schema.safeParse(present, { reportInput: false });
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const key = issue.path.join(".") || "(configuration)";
      const missing = issue.code === "invalid_type" && present[String(issue.path[0])] === undefined;
      return { key, problem: missing ? "is required" : issue.message };
    }),
  );
};

/** A TCP port, 1..65535; 0 is allowed with `{ zero: true }` and means any free one. */
export const port = ({ zero = false }: { zero?: boolean } = {}) =>
  z
    .string()
    .regex(/^\d{1,5}$/, "must be a port number")
    .transform(Number)
    .refine((value) => value <= 65_535 && (zero || value > 0), "must be a port number");

/** An absolute URL; with `protocols` (`["postgres", "postgresql"]`) only those. Default http and https. */
export const url = ({ protocols = ["http", "https"] }: { protocols?: readonly string[] } = {}) =>
  z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol.slice(0, -1)),
      `must be an absolute URL (${protocols.join(", ")})`,
    );

/** Whole milliseconds within `min`..`max` (default 0..86 400 000). */
export const durationMs = ({ min = 0, max = 86_400_000 }: { min?: number; max?: number } = {}) =>
  integer({ min, max, unit: "milliseconds" });

/** A whole number within `min`..`max`. */
export const integer = ({ min, max, unit }: { min: number; max: number; unit?: string }) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, `must be a whole number${unit ? ` of ${unit}` : ""}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be within ${min}..${max}`);

/** true/false, 1/0, yes/no, on/off. */
export const flag = () =>
  z
    .string()
    .regex(/^(true|false|1|0|yes|no|on|off)$/i, "must be true or false")
    .transform((value) => /^(true|1|yes|on)$/i.test(value));

/** A value that is never shown. At least `minLength` characters (default 1). */
export const secret = ({ minLength = 1 }: { minLength?: number } = {}) =>
  z.string().min(minLength, `must have at least ${minLength} characters`).meta({ secret: true });

/** A Postgres connection URL. Counts as a secret: it carries a password. */
export const databaseUrl = () => url({ protocols: ["postgres", "postgresql"] }).meta({ secret: true });

export const logLevel = () =>
  z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], "must be a log level");
