import fc from "fast-check";
import { readSeed } from "./gate-seed.ts";

// A setup file of vitest: properties try the same values on every run, or those of FAST_CHECK_SEED.
fc.configureGlobal({ seed: readSeed(process.env, "FAST_CHECK_SEED") });
