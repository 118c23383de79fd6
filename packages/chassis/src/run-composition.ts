import type { Binary } from "@tandem/runtime";
import type { BinaryConfig } from "./config.ts";
import type { Foundation } from "./platform.ts";

/**
 * Runs `start` over an opened platform and makes a binary of it. When it fails half-way, what was opened is closed in
 * the order of a shutdown before the error goes on.
 */
export const runComposition = async <C extends BinaryConfig>(
  name: string,
  platform: Pick<Foundation<C>, "shutdown" | "health">,
  start: () => Promise<Readonly<Record<string, string>>>,
): Promise<Binary> => {
  const { shutdown, health } = platform;
  try {
    const addresses = await start();
    health.setServing(true);
    return {
      name,
      addresses,
      stop: async () => {
        const { clean, unfinished } = await shutdown.run("stop");
        if (!clean) throw new Error(`${name} did not stop cleanly: ${unfinished.join(", ")}`);
      },
      failed: new Promise<never>(() => {}),
    };
  } catch (error) {
    await shutdown.run("start failed");
    throw error;
  }
};
