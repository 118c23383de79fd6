import type { Figure } from "../report.ts";
import type { Surroundings } from "../start-surroundings.ts";
import { measureDbos } from "./dbos.ts";
import { measureGraphile } from "./graphile.ts";
import { measurePgBoss } from "./pg-boss.ts";

const JOBS = 20_000;

/** The same Postgres, the same payload, the same run; each at its defaults and tuned. A job that does nothing is what our relay does into a no-op sink. */
export const measurePeers = async (surroundings: Surroundings, rounds: number): Promise<Figure[]> => {
  const on = async <T>(name: string, work: (url: string) => Promise<T>): Promise<T> => {
    await using bench = await surroundings.database(name, []);
    // Awaited here: the database is dropped at the end of this scope.
    return await work(bench.url);
  };
  const repeat = async (times: number, name: string, work: (url: string) => Promise<number>) => {
    const samples: number[] = [];
    for (let round = 0; round < times; round += 1) samples.push(await on(name, work));
    return samples;
  };
  const figures: Figure[] = [
    {
      name: "graphile-worker, defaults",
      unit: "jobs/s",
      samples: await repeat(1, "graphile", (url) => measureGraphile(url, JOBS / 4, false)),
    },
    {
      name: "graphile-worker, tuned",
      unit: "jobs/s",
      samples: await repeat(rounds, "graphile", (url) => measureGraphile(url, JOBS, true)),
      note: "concurrency 24, local queue of 500, completion in batches",
    },
    {
      name: "pg-boss, defaults",
      unit: "jobs/s",
      samples: await repeat(1, "boss", (url) => measurePgBoss(url, 200, false)),
      note: "bound by its polling interval of two seconds",
    },
    {
      name: "pg-boss, tuned",
      unit: "jobs/s",
      samples: await repeat(rounds, "boss", (url) => measurePgBoss(url, JOBS, true)),
      note: "eight workers, a thousand a batch, half a second",
    },
    {
      name: "DBOS, defaults",
      unit: "workflows/s",
      samples: await on("dbos", (url) => measureDbos(url, 3_000, rounds, false)),
      note: "three recorded steps each",
    },
    {
      name: "DBOS, tuned",
      unit: "workflows/s",
      samples: await on("dbos", (url) => measureDbos(url, 3_000, rounds, true)),
      note: "a pool of 40, 32 at a time",
    },
  ];
  return figures;
};
