import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "services/*/test/**/*.test.ts",
      "tools/**/*.test.ts",
      "e2e/test/**/*.test.ts",
      "load/test/**/*.test.ts",
      "charts/test/**/*.test.ts",
      "tilt/test/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", ".tools/**"],
    globalSetup: ["packages/testkit/src/global-setup.ts"],
    setupFiles: ["packages/testkit/src/seed-properties.ts"],
    // A process per file: tests start servers, send signals and leave handles. Two, because so many cores are common.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 40_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts", "services/*/src/**/*.ts"],
      exclude: ["**/gen/**"],
      reporter: ["text-summary", "html", "lcov", "json-summary"],
      // Of whole runs only (CI): a filtered one covers what it covers. What runs in processes of its own is not seen.
      thresholds:
        process.env["CI"] === "true"
          ? { statements: 80, "services/*/src/{model,biz}/**/*.ts": { statements: 90 } }
          : undefined,
    },
  },
});
