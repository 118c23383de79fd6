#!/usr/bin/env node
// The door of every npm script: node tools/bootstrap.mjs [options of node] <entry.ts | name of a bin> [arguments]
//
// Plain JavaScript on purpose: it runs on whatever Node >= 20 the machine has, with nothing installed. It installs what
// package-lock.json says when that is not there yet, and then runs the entry on the Node of the lock file. The entry gets
// the terminal's input and output, every signal once, and its exit code becomes ours.
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { constants } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const lockFile = join(root, "package-lock.json");
const modules = join(root, "node_modules");
const stampFile = join(modules, ".tandem-installed");
const nodeBinary = join(modules, ".bin/node");
const installLock = join(root, ".tandem/install.lock");

const oldestNode = 20;
const lockBeatMs = 1_000;
/** An install whose process stopped beating this long ago is dead (kill -9, power). */
const lockStaleMs = 15_000;
/** Ctrl-C reaches us twice: from the terminal and from npm. A person needs longer than this for a second one. */
const sameSignalMs = 300;

const say = (line) => process.stderr.write(`${line}\n`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** What is installed when the stamp says so; any change of the lock file or of the machine makes it another string. */
const wantedStamp = () =>
  `${createHash("sha256").update(readFileSync(lockFile)).digest("hex")} ${process.platform} ${process.arch}\n`;

const readText = (file) => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

const isInstalled = () => {
  if (!existsSync(nodeBinary)) return false;
  const stamp = wantedStamp();
  if (readText(stampFile) === stamp) return true;
  if (!npmInstalledTheSame()) return false;
  writeFileSync(stampFile, stamp);
  return true;
};

/**
 * Someone ran `npm install`: npm notes what it put into node_modules when it is through, in a lock file of its own there.
 * Optional packages for other machines are absent from it.
 */
const npmInstalledTheSame = () => {
  const noted = readText(join(modules, ".package-lock.json"));
  if (noted === undefined) return false;
  try {
    const wanted = JSON.parse(readFileSync(lockFile, "utf8")).packages;
    const there = JSON.parse(noted).packages;
    return Object.entries(wanted).every(([path, { version, integrity, link, optional, resolved, peer }]) => {
      if (!path.startsWith("node_modules/") && !path.includes("/node_modules/")) return true;
      const found = there[path];
      if (found === undefined) return optional === true || peer === true;
      if (link === true) return found.link === true && found.resolved === resolved;
      return found.version === version && found.integrity === integrity;
    });
  } catch {
    return false;
  }
};

/** Runs `work` in one process at a time; others wait. A dead holder is noticed by its missing heartbeat. */
const withInstallLock = async (work) => {
  mkdirSync(join(root, ".tandem"), { recursive: true });
  const token = `${process.pid} ${randomUUID()}`;
  for (let told = false; ; ) {
    try {
      const handle = openSync(installLock, "wx");
      writeSync(handle, token);
      closeSync(handle);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    stealStaleLock();
    if (!told)
      say(
        `Another process installs the dependencies (${readText(installLock)?.split(" ")[0] ?? "?"}); waiting for it.`,
      );
    told = true;
    await sleep(250);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimesSync(installLock, now, now);
  }, lockBeatMs);
  const release = () => {
    clearInterval(beat);
    if (readText(installLock) === token) rmSync(installLock, { force: true });
  };
  process.once("exit", release);
  try {
    return await work();
  } finally {
    release();
    process.off("exit", release);
  }
};

const stealStaleLock = () => {
  try {
    const token = readText(installLock);
    if (token === undefined || Date.now() - statSync(installLock).mtimeMs < lockStaleMs) return;
    const aside = `${installLock}.${process.pid}`;
    renameSync(installLock, aside);
    // Two waiters may see the same stale lock; the slower one must not take away the lock that the faster one made since.
    if (readText(aside) !== token) renameSync(aside, installLock);
    else rmSync(aside, { force: true });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
};

/**
 * A whole installation of another lock file is brought up to date in seconds (`npm install` takes every version from the lock
 * file); when that does not give what the lock file says, or there is none, `npm ci` starts from nothing.
 */
const install = async () => {
  const began = Date.now();
  const seconds = () => `${Math.round((Date.now() - began) / 1_000)} s`;
  const whole = existsSync(join(modules, ".package-lock.json"));
  if (whole) say("Dependencies differ from package-lock.json: updating them.");
  if (!whole || (await npm(["install", "--no-save"])) !== 0 || !npmInstalledTheSame()) {
    say("Installing the dependencies (npm ci); about a minute.");
    const code = await npm(["ci"]);
    if (code !== 0) {
      say(
        `npm ci failed (exit code ${code}) after ${seconds()}; what it wrote stands above. Running this again starts over.`,
      );
      process.exit(code);
    }
  }
  if (!existsSync(nodeBinary)) {
    const machine = `${process.platform} ${process.arch}`;
    say(`npm installed no Node 24 for ${machine}. Does its configuration say omit=optional or optional=false?`);
    process.exit(1);
  }
  writeFileSync(stampFile, wantedStamp());
  say(`Installed in ${seconds()}.`);
};

/** Runs npm, for its exit code; ends us when a signal ended it. */
const npm = async (command) => {
  const began = Date.now();
  // A terminal gets npm's own progress; a log gets a line now and then.
  const beat = () => say(`  npm ${command[0]}: ${Math.round((Date.now() - began) / 1_000)} s`);
  const tick = process.stderr.isTTY ? undefined : setInterval(beat, 10_000);
  // NODE_ENV=production or omit=dev in someone's npmrc would leave out the very tools that the scripts run.
  const args = [...command, "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = await run("npm", args, {}).finally(() => clearInterval(tick));
  const signal = result.signal ?? interrupted;
  if (signal) process.exit(128 + signalNumber(signal));
  return result.code;
};

let interrupted;

/**
 * Runs a child in a session of its own and hands it our signals, each once. Were it in ours, Ctrl-C would reach it three
 * times (terminal, npm, us), and the databases below it as well, before it could stop them in order.
 */
const run = (command, args, env) =>
  new Promise((done, fail) => {
    const [file, ...rest] = [...parentDeathPrefix(), command, ...args];
    const child = spawn(file, rest, { cwd: root, stdio: "inherit", detached: true, env: { ...process.env, ...env } });
    const last = {};
    const forward = (signal) => {
      const now = Date.now();
      if (signal !== "SIGWINCH" && now - (last[signal] ?? 0) < sameSignalMs) return;
      last[signal] = now;
      if (signal !== "SIGWINCH") interrupted = signal;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGWINCH"];
    for (const signal of signals) process.on(signal, forward);
    const stopForwarding = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.once("error", (error) => {
      stopForwarding();
      fail(error);
    });
    child.once("exit", (code, signal) => {
      stopForwarding();
      done({ code, signal });
    });
  });

/** Linux: if we are killed by SIGKILL, the kernel tells the child to stop, so that nobody keeps the ports. */
const parentDeathPrefix = () => {
  if (process.platform !== "linux") return [];
  const probe = spawnSync("setpriv", ["--pdeathsig", "TERM", "true"], { stdio: "ignore" });
  return probe.status === 0 ? ["setpriv", "--pdeathsig", "TERM"] : [];
};

const signalNumber = (signal) => constants.signals[signal] ?? 0;

const main = async () => {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < oldestNode) {
    say(
      `Tandem needs Node ${oldestNode} or later to start itself (it brings its own Node 24); this is ${process.version}: https://nodejs.org`,
    );
    return 1;
  }
  const given = process.argv.slice(2);
  const at = given.findIndex((one) => !one.startsWith("--"));
  const options = given.slice(0, Math.max(0, at));
  const [entry, ...args] = at < 0 ? [] : given.slice(at);
  if (entry === undefined) {
    say(
      "usage: node tools/bootstrap.mjs [--option-of-node=value] <entry.ts | name of a bin in node_modules> [arguments]",
    );
    return 2;
  }
  if (!isInstalled()) await withInstallLock(async () => (isInstalled() ? undefined : install()));
  const env = {
    PATH: [join(modules, ".bin"), process.env.PATH].join(delimiter),
    // Stripping types and compiling is most of a start: kept, the next start of each process takes about half the processor time.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(modules, ".cache/node"),
    // glibc gives each thread a heap of its own, up to eight for a core, and none returns what it once had: 60 MB of a platform under load.
    MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? "2",
  };
  const isFile = /[./]/.test(entry);
  const result = isFile
    ? await run(nodeBinary, [...options, resolve(root, entry), ...args], env)
    : await run(join(modules, ".bin", entry), args, env);
  return result.code ?? 128 + signalNumber(result.signal);
};

process.exitCode = await main().catch((error) => {
  say(
    `${error.code === "ENOENT" && error.path === "npm" ? "npm is not on PATH: it comes with Node" : (error.stack ?? error)}`,
  );
  return 1;
});
