import { spawn } from "node:child_process";

/** Runs other programs; tests put their own in. */
export interface Programs {
  /** What it printed. @throws Error with its own words, or saying that it is not there */
  read(program: string, args: readonly string[], input?: string): Promise<string>;
  /** With our terminal. @throws Error with its exit code, or saying that it is not there */
  run(program: string, args: readonly string[]): Promise<void>;
}

/** How to get what the machine may not have. */
const wanted: Readonly<Record<string, string>> = {
  kind: "https://kind.sigs.k8s.io/docs/user/quick-start (1.36 nodes: v0.32 or later)",
  docker: "https://docs.docker.com/engine/install; or say --engine podman",
  podman: "https://podman.io/docs/installation",
  kubectl: "https://kubernetes.io/docs/tasks/tools",
  helm: "https://helm.sh/docs/intro/install",
  tilt: "https://docs.tilt.dev/install.html",
};

type Environment = Readonly<Record<string, string>>;

interface Execution {
  readonly program: string;
  readonly args: readonly string[];
  readonly piped: boolean;
  readonly env: Environment;
  readonly input?: string | undefined;
}

const execute = ({ program, args, piped, env, input }: Execution): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: [input === undefined ? "ignore" : "pipe", piped ? "pipe" : "inherit", piped ? "pipe" : "inherit"],
    });
    let [output, complaint] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    child.stdin?.end(input);
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT"
          ? new Error(`${program} is not on PATH${wanted[program] ? `: ${wanted[program]}` : ""}`)
          : error,
      ),
    );
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ${args.join(" ")}: ${complaint.trim() || `exit code ${code}`}`));
    });
  });

/** @param env what they find in their environment besides ours */
export const programsWith = (env: Environment): Programs => ({
  read: (program, args, input) => execute({ program, args, piped: true, env, input }),
  run: async (program, args) => void (await execute({ program, args, piped: false, env })),
});

export const programs: Programs = programsWith({});

/** A command's end for a person: what went wrong, in one line. */
export const exitWith = async (main: () => Promise<unknown>): Promise<void> => {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
};
