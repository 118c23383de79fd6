import { readPlatform } from "./platform.ts";
import { runSynth } from "./run-synth.ts";

process.exitCode = await runSynth(process.argv.slice(2), {
  readPlatform,
  write: (text) => void process.stdout.write(text),
  fail: (sentence) => void process.stderr.write(`${sentence}\n`),
});
