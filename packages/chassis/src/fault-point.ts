import type { FaultPoint } from "@tandem/messaging";
import type { Env, Logger } from "@tandem/runtime";

const POINTS: readonly string[] = [
  "before-claim",
  "after-claim",
  "mid-batch",
  "after-publish",
  "before-mark",
] satisfies readonly FaultPoint[];

/**
 * What `TANDEM_FAULT_POINT=mid-batch:3` asks for: the relay passes the point three times and kills its process with SIGKILL
 * at the fourth; without a number at the first. For fault suites: in Kubernetes and with NODE_ENV=production it is refused,
 * and a warning tells.
 * @throws TypeError for a point that does not exist
 */
export const readFaultPoint = (
  env: Env,
  log: Pick<Logger, "warn">,
  die: () => void = () => process.kill(process.pid, "SIGKILL"),
): ((name: FaultPoint) => void) | undefined => {
  const wanted = env["TANDEM_FAULT_POINT"];
  if (wanted === undefined || wanted === "") return undefined;
  if (env["KUBERNETES_SERVICE_HOST"] !== undefined || env["NODE_ENV"] === "production") {
    log.warn({ wanted }, "TANDEM_FAULT_POINT is for tests and is not honoured here");
    return undefined;
  }
  const [point = "", count = "0"] = wanted.split(":");
  const passes = Number(count);
  if (!POINTS.includes(point) || !Number.isInteger(passes) || passes < 0) {
    throw new TypeError(`TANDEM_FAULT_POINT is <point>[:<passes>] with a point of ${POINTS.join(", ")}, not ${wanted}`);
  }
  let passed = 0;
  return (name) => {
    if (name !== point) return;
    if (passed === passes) die();
    passed += 1;
  };
};
