import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureConsumers } from "./figures/consumers.ts";
import { measureGateway } from "./figures/gateway.ts";
import { measureOutboxWrite, measureRelay } from "./figures/outbox.ts";
import { measureRecovery } from "./figures/recovery.ts";
import { measureSagas } from "./figures/sagas.ts";
import { measureStartUp } from "./figures/start-up.ts";
import { measureThroughDaprd } from "./figures/through-daprd.ts";
import { describeMachine } from "./machine.ts";
import { measurePeers } from "./peers/measure-peers.ts";
import { type Figure, lineOf, type Report, toMarkdown } from "./report.ts";
import { startSurroundings } from "./start-surroundings.ts";

const HELP = `Usage: npm run bench -- [options]
  --only <sections>   outbox, consumers, sagas, daprd, gateway, recovery, start, peers (comma-separated; default all)
  --rounds <n>        rounds of each figure, 1 to 20 (default 3)
  --seconds <n>       of each latency measurement (default 10)
  --out <dir>         where report.md and report.json go (default bench/results)

Measures on a durable Postgres of its own (fsync and synchronous_commit on). Run it on a quiet machine.
`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "10" },
    out: { type: "string", default: join(import.meta.dirname, "../results") },
    help: { type: "boolean", short: "h", default: false },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);

const run = async (): Promise<number> => {
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (!(rounds >= 1 && rounds <= 20) || !(seconds >= 1 && seconds <= 600)) {
    say("--rounds is 1 to 20, --seconds 1 to 600");
    return 2;
  }
  await using surroundings = await startSurroundings();
  const all: readonly { readonly name: string; readonly title: string; readonly measure: () => Promise<Figure[]> }[] = [
    {
      name: "outbox",
      title: "Outbox and relay",
      measure: async () => [
        ...(await measureRelay(surroundings, rounds)),
        ...(await measureOutboxWrite(surroundings, rounds)),
      ],
    },
    { name: "consumers", title: "Consumers", measure: () => measureConsumers(surroundings, rounds) },
    { name: "sagas", title: "Sagas", measure: () => measureSagas(surroundings, rounds) },
    { name: "daprd", title: "Through daprd", measure: () => measureThroughDaprd(surroundings, rounds, seconds) },
    { name: "gateway", title: "The gateway", measure: () => measureGateway(surroundings, rounds, seconds) },
    { name: "recovery", title: "Recovery", measure: () => measureRecovery(surroundings, Math.min(rounds, 3)) },
    { name: "start", title: "npm start", measure: () => measureStartUp(Math.min(rounds, 3)) },
    { name: "peers", title: "Peers", measure: () => measurePeers(surroundings, rounds) },
  ];
  const only = values.only?.split(",");
  const unknown = only?.filter((name) => !all.some((section) => section.name === name)) ?? [];
  if (unknown.length > 0) {
    say(`there is no section ${unknown.join(", ")}; there are ${all.map(({ name }) => name).join(", ")}`);
    return 2;
  }

  const machine = await describeMachine(surroundings.postgresVersion);
  for (const [key, value] of Object.entries(machine)) say(`${key}: ${value}`);
  const sections: Report["sections"][number][] = [];
  for (const { name, title, measure } of all) {
    if (only && !only.includes(name)) continue;
    say(`\n${title}`);
    try {
      const figures = await measure();
      for (const figure of figures) say(`  ${lineOf(figure)}`);
      sections.push({ title, figures });
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error);
      say(`  not measured: ${failed}`);
      sections.push({ title, figures: [], failed });
    }
  }
  const report: Report = {
    startedAt: new Date().toISOString(),
    machine,
    durability: surroundings.durability,
    sections,
  };
  await mkdir(values.out, { recursive: true });
  await writeFile(join(values.out, "report.md"), toMarkdown(report));
  await writeFile(join(values.out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  say(`\n${join(values.out, "report.md")} and report.json`);
  return sections.some(({ failed }) => failed) ? 1 : 0;
};

if (values.help) say(HELP);
else process.exitCode = await run();
// Peers leave timers behind.
process.exit();
