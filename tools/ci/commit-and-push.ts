import { runCommand } from "../run-command.ts";

/** `commit-and-push.ts <message> <path>...`: a commit of these paths on the branch that is checked out, if they changed. */
const [message = "", ...paths] = process.argv.slice(2);

const who = { NAME: "tandem-ci", EMAIL: "ci@tandem.invalid" };
const env = Object.fromEntries(
  ["AUTHOR", "COMMITTER"].flatMap((role) => Object.entries(who).map(([what, value]) => [`GIT_${role}_${what}`, value])),
);

const git = async (...args: readonly string[]): Promise<string> => {
  const { code, output } = await runCommand("git", args, { env, onLine: () => {} });
  if (code !== 0) throw new Error(`git ${args[0]} failed (exit code ${code}): ${output}`);
  return output;
};

const attempts = 5;

const main = async (): Promise<void> => {
  if ((await git("status", "--porcelain", "--", ...paths)) === "") {
    process.stdout.write("nothing to commit: it runs there already\n");
    return;
  }
  await git("add", "--", ...paths);
  await git("commit", "--quiet", "--message", message, "--", ...paths);
  for (let attempt = 1; ; attempt += 1) {
    const pushed = await runCommand("git", ["push", "--quiet"], { onLine: () => {} });
    if (pushed.code === 0) break;
    if (attempt === attempts) throw new Error(`git push failed ${attempts} times: ${pushed.output}`);
    // Somebody pushed meanwhile. A conflict means that the same versions changed: that one is for a person.
    await git("pull", "--quiet", "--rebase");
  }
  process.stdout.write(`pushed: ${message}\n`);
};

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
