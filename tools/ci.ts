import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { stages } from "./ci/stages.ts";
import { elapsed } from "./progress.ts";
import { interruptSignal, runCommand } from "./run-command.ts";

const help = `npm run ci:<stage>

The stages of .github/workflows, one by one, on any machine. The workflows run nothing else.

${Object.entries(stages)
  .map(([name, { what }]) => `  ci:${name.padEnd(11)} ${what}`)
  .join("\n")}
`;

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" } },
  });
  const stage = stages[positionals[0] ?? ""];
  if (values.help === true || stage === undefined || positionals.length > 1) {
    process.stdout.write(help);
    return values.help === true ? 0 : 2;
  }
  const cwd = resolve(import.meta.dirname, "..");
  const signal = interruptSignal();
  for (const [command, ...args] of stage.commands(process.env)) {
    const began = performance.now();
    process.stdout.write(`== ${[command, ...args].join(" ")}\n`);
    const { code } = await runCommand(command, args, { cwd, signal, env: { CI: "true" } });
    process.stdout.write(`== exit code ${code}, ${elapsed(performance.now() - began)}\n`);
    if (code !== 0) return code;
  }
  return 0;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 2;
});
