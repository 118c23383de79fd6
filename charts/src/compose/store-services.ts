import { type ComposeFile, variable } from "./compose-file.ts";
import { imageOf, secretFile } from "./context-services.ts";

const postgresImage = variable("POSTGRES_IMAGE", "docker.io/library/postgres:17");
const quickly = { interval: "5s", timeout: "5s", retries: 24, start_period: "30s", start_interval: "1s" };

/** What keeps data, and where mail ends. */
export const storeServices: ComposeFile["services"] = {
  postgres: {
    service: {
      image: postgresImage,
      restart: "unless-stopped",
      // Each binary has six connections, and migrations some.
      command: ["-c", "max_connections=400", "-c", "shared_buffers=128MB"],
      environment: { PGDATA: "/data/pgdata" },
      env_file: [secretFile("postgres")],
      volumes: ["postgres:/data"],
      healthcheck: { test: ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "postgres"], ...quickly },
      stop_signal: "SIGINT",
      shm_size: "128m",
      mem_limit: "1g",
    },
  },
  // Role and database of the sidecars' state store; those of the contexts their migrations make.
  "postgres-state": {
    service: {
      image: postgresImage,
      restart: "on-failure",
      // Past the image's entrypoint, which is for servers.
      entrypoint: ["psql"],
      command: ["-v", "ON_ERROR_STOP=1", "-f", "/etc/tandem/state.sql"],
      environment: { PGHOST: "postgres", PGUSER: "postgres", PGDATABASE: "postgres" },
      env_file: [secretFile("postgres-state")],
      volumes: ["./deploy/postgres/state.sql:/etc/tandem/state.sql:ro"],
      depends_on: { postgres: { condition: "service_healthy" } },
      mem_limit: "128m",
    },
  },
  redis: {
    service: {
      image: variable("REDIS_IMAGE", "docker.io/library/redis:7.4"),
      restart: "unless-stopped",
      // What it was given it writes to its file, and it refuses rather than forgets when memory ends.
      command: [
        "sh",
        "-c",
        'exec redis-server --requirepass "$$REDISCLI_AUTH" --protected-mode no --bind 0.0.0.0 --dir /data --appendonly yes --appendfsync everysec --save "" --maxmemory 384mb --maxmemory-policy noeviction',
      ],
      env_file: [secretFile("redis")],
      volumes: ["redis:/data"],
      healthcheck: { test: ["CMD", "redis-cli", "--no-auth-warning", "ping"], ...quickly },
      mem_limit: "512m",
    },
  },
  "local-inbox": {
    like: "binary",
    service: {
      image: imageOf("local-inbox"),
      command: ["/app/bin/server"],
      environment: { ALLOWED_HOSTS: "local-inbox" },
      ports: [`127.0.0.1:${variable("INBOX_PORT", "8025")}:8025`],
      mem_limit: "192m",
    },
  },
  opensearch: {
    service: {
      image: variable("OPENSEARCH_IMAGE", "docker.io/opensearchproject/opensearch:3.0.0"),
      profiles: ["search"],
      restart: "unless-stopped",
      // One node without its security plugin: nobody but this network reaches it.
      environment: {
        "discovery.type": "single-node",
        DISABLE_SECURITY_PLUGIN: "true",
        DISABLE_INSTALL_DEMO_CONFIG: "true",
        "node.store.allow_mmap": "false",
        OPENSEARCH_JAVA_OPTS: "-Xms384m -Xmx384m",
      },
      volumes: ["opensearch:/usr/share/opensearch/data"],
      healthcheck: { test: ["CMD-SHELL", "curl -fsS http://127.0.0.1:9200/_cluster/health"], ...quickly },
      mem_limit: "1g",
    },
  },
};
