import type { EmbeddedPostgres } from "./start-embedded-postgres.ts";

/** `url` by way of the server's Unix socket, where it has one: `postgres://user:password@%2Fdata%2Fdir:54320/database`. */
export const throughSocket = (url: string, { socketDir }: Pick<EmbeddedPostgres, "socketDir">): string => {
  if (socketDir === undefined) return url;
  const { username, password, port, pathname } = new URL(url);
  return `postgres://${username}:${password}@${encodeURIComponent(socketDir)}:${port}${pathname}`;
};
