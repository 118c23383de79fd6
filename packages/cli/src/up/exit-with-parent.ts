// Preloaded into child processes: the channel to the parent closes when the parent dies, however it dies.
process.channel?.unref();
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
