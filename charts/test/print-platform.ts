import { readPlatform } from "../src/platform.ts";

// A process of its own: Node runs the twelve services as they are, vitest would first transform every file of them.
const { contexts, gateway, topology, images } = await readPlatform();
process.stdout.write(
  JSON.stringify({ contexts: contexts.map((entry) => ({ ...entry, services: undefined })), gateway, topology, images }),
);
