import { InvalidArgumentError, Option } from "commander";

const parse = (text: string): number => {
  const offset = Number(text);
  if (!Number.isInteger(offset) || offset < 0 || offset > 11_000) throw new InvalidArgumentError("0 to 11000.");
  return offset;
};

/** The platform's ports, and which of several platforms a command means. */
export const portOffsetOption = () =>
  new Option("--port-offset <n>", "added to every port, for a second platform beside the first")
    .argParser(parse)
    .default(0)
    .env("TANDEM_PORT_OFFSET");

/** Traces of all binaries; one order is one trace. */
export const otlpOption = () =>
  new Option("--otlp <url>", "send traces to this OTLP/HTTP collector").env("OTEL_EXPORTER_OTLP_ENDPOINT");
