import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";
import { elapsed } from "./progress.ts";

export interface TestSummary {
  readonly passed: number;
  /** Failed tests, files that could not be loaded, errors outside of any test. */
  readonly failed: number;
  readonly skipped: number;
  /** `file: how many`, of the files in which something was skipped. */
  readonly skippedIn: readonly string[];
}

const noticeMs = 60_000;

/**
 * Writes a {@link TestSummary} as JSON to the file that TANDEM_TEST_SUMMARY names, for tools/test.ts. Meanwhile it names, every
 * minute, the files that have been running for longer than that: a test that loops without a pause cannot be timed out, and
 * nobody would know which one it is.
 */
export default class SummaryReporter implements Reporter {
  readonly #began = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  onTestRunStart(): void {
    this.#timer ??= setInterval(() => this.#notice(), noticeMs).unref();
  }

  onTestModuleStart(module: TestModule): void {
    this.#began.set(module.relativeModuleId, performance.now());
  }

  onTestModuleEnd(module: TestModule): void {
    this.#began.delete(module.relativeModuleId);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const file = process.env["TANDEM_TEST_SUMMARY"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(summarize(modules, unhandledErrors.length)));
  }

  #notice(): void {
    for (const [file, began] of this.#began) {
      const ms = performance.now() - began;
      if (ms >= noticeMs) process.stderr.write(`still running after ${elapsed(ms)}: ${file}\n`);
    }
  }
}

const summarize = (modules: readonly TestModule[], unhandledErrors: number): TestSummary => {
  let passed = 0;
  let failed = unhandledErrors;
  let skipped = 0;
  const skippedIn: string[] = [];
  for (const module of modules) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const test of module.children.allTests()) count[test.result().state] += 1;
    // A file that failed without a failed test: an import or a hook threw. Tests that never ran did not pass either.
    failed += count.failed + (module.state() === "failed" && count.failed === 0 ? 1 : 0);
    passed += count.passed;
    skipped += count.skipped + count.pending;
    if (count.skipped > 0) skippedIn.push(`${module.relativeModuleId}: ${count.skipped}`);
  }
  return { passed, failed, skipped, skippedIn };
};
