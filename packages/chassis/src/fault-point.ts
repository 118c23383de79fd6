import type { FaultPoint } from "@tandem/messaging";
import type { Env, Logger } from "@tandem/runtime";

const POINTS: readonly string[] = [
  "before-claim",
  "after-claim",
  "mid-batch",
  "after-publish",
  "before-mark",
] satisfies readonly FaultPoint[];

const SIGNALS = { kill: "SIGKILL", stop: "SIGSTOP" } as const;
type FaultSignal = (typeof SIGNALS)[keyof typeof SIGNALS];

/**
 * What `TANDEM_FAULT_POINT=mid-batch:3` asks for: the relay passes the point three times and its process gets SIGKILL at the
 * fourth; without a number at the first. `before-mark:0:stop` sends SIGSTOP instead. For fault suites: in Kubernetes and with NODE_ENV=production it is refused,
 * and a warning tells.
 * @throws TypeError for a point that does not exist
 */
export const readFaultPoint = (
  env: Env,
  log: Pick<Logger, "warn">,
  send: (signal: FaultSignal) => void = (signal) => process.kill(process.pid, signal),
): ((name: FaultPoint) => void) | undefined => {
  const wanted = env["TANDEM_FAULT_POINT"];
  if (wanted === undefined || wanted === "") return undefined;
  if (env["KUBERNETES_SERVICE_HOST"] !== undefined || env["NODE_ENV"] === "production") {
    log.warn({ wanted }, "TANDEM_FAULT_POINT is for tests and is not honoured here");
    return undefined;
  }
  const [point = "", count = "0", action = "kill"] = wanted.split(":");
  const signal = action === "kill" || action === "stop" ? SIGNALS[action] : undefined;
  const passes = Number(count);
  if (!POINTS.includes(point) || !Number.isInteger(passes) || passes < 0 || signal === undefined) {
    const form = `<point>[:<passes>[:kill|stop]] with a point of ${POINTS.join(", ")}`;
    throw new TypeError(`TANDEM_FAULT_POINT is ${form}, not ${wanted}`);
  }
  let passed = 0;
  return (name) => {
    if (name !== point) return;
    if (passed === passes) send(signal);
    passed += 1;
  };
};
