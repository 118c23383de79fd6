import { createHash } from "node:crypto";
import type { NewDigest } from "../biz/ports.ts";

export const newSha256: NewDigest = () => {
  const hash = createHash("sha256");
  return { update: (data) => void hash.update(data), hex: () => hash.digest("hex") };
};
