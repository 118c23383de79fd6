// Preloaded into child processes: the channel to the parent closes when the parent dies, however it dies.
const GRACE_MS = 10_000;

process.channel?.unref();
process.on("disconnect", () => {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.exit(1), GRACE_MS).unref();
});
