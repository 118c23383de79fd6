import { type Command, InvalidArgumentError, Option } from "commander";

const parse = (text: string): number => {
  const offset = Number(text);
  if (!Number.isInteger(offset) || offset < 0 || offset > 11_000) throw new InvalidArgumentError("0 to 11000.");
  return offset;
};

const httpUrl = (text: string): string => {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new InvalidArgumentError("http://127.0.0.1:8080, say.");
  return text;
};

/** The platform's ports, and which of several platforms a command means. */
export const portOffsetOption = () =>
  new Option("--port-offset <n>", "added to every port, for a second platform beside the first")
    .argParser(parse)
    .default(0)
    .env("TANDEM_PORT_OFFSET");

/** Which platform a command means. Default: the one on this machine. */
export const withPlatform = (command: Command): Command =>
  command
    .addOption(
      new Option("--platform <where>", "local: on this machine; kubernetes: secrets and ports by kubectl")
        .choices(["local", "kubernetes"])
        .env("TANDEM_PLATFORM"),
    )
    .addOption(
      new Option("--gateway <url>", "one behind this address, with TANDEM_OPERATOR_PASSWORD")
        .argParser(httpUrl)
        .env("TANDEM_GATEWAY"),
    )
    .addOption(
      new Option("--context <name>", "of kubectl; default the current one, if it is on this machine").env(
        "TANDEM_KUBE_CONTEXT",
      ),
    )
    .addOption(new Option("--namespace <name>", "of the platform there").default("tandem").env("TANDEM_NAMESPACE"))
    .addOption(portOffsetOption());

/** `60s`, `10m`, `500ms`. */
export const duration = (text: string): number => {
  const [, count = "", unit = ""] = /^(\d{1,7})(ms|s|m|h)$/.exec(text) ?? [];
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit];
  if (unitMs === undefined) throw new InvalidArgumentError("a number and a unit: 60s, 10m.");
  return Number(count) * unitMs;
};

/** An option of that kind, with its default in its own words: `durationOption("--for <duration>", "how long", "60s")`. */
export const durationOption = (flags: string, description: string, otherwise: string): Option =>
  new Option(flags, description).argParser(duration).default(duration(otherwise), otherwise);

/** `2026-11-20T00:00:00Z`. */
export const time = (text: string): Date => {
  const at = new Date(/^\d{4}-\d\d-\d\d/.test(text) ? text : Number.NaN);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError("a time in ISO 8601: 2026-11-20T00:00:00Z.");
  return at;
};

/** @returns the parser of an option that is a whole number */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const count = Number(text);
    if (!Number.isInteger(count) || count < least || count > most)
      throw new InvalidArgumentError(`${least} to ${most}.`);
    return count;
  };

/** Traces of all binaries; one order is one trace. */
export const otlpOption = () =>
  new Option("--otlp <url>", "send traces to this OTLP/HTTP collector").env("OTEL_EXPORTER_OTLP_ENDPOINT");
