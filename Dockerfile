# One for all: docker build --build-arg SERVICE=order -t localhost/tandem/order:dev .   (or: npm run image -- order)
# Nothing here needs BuildKit: podman and buildah build it too. docs/images.md says what is inside and why.
ARG NODE_IMAGE=node:24-slim
ARG SERVICE
# What is bundled: "all" does it once for the images of all services (npm run image -- all).
ARG BUNDLE=${SERVICE}

# What npm needs to know, and nothing else: a changed source does not install again.
FROM ${NODE_IMAGE} AS manifests
COPY . /src
RUN mkdir /manifests && cd /src \
 && find . -name package.json -o -name package-lock.json -o -name .npmrc | sort | tar -cf - --mtime=@0 -T - | tar -xf - -C /manifests

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /src
COPY --from=manifests /manifests ./
# What the services and the bundler name, by the lock file; no install scripts, no tools.
RUN npm ci --omit=dev --include-workspace-root=false --ignore-scripts --no-audit --no-fund --loglevel=error \
    $(for folder in services/* packages/local-inbox tools/bundle; do echo "-w $folder"; done) \
 && rm -rf /root/.npm

# Node, the libraries that it links, certificates, a user: a file system without a shell, the same layer in every image.
FROM ${NODE_IMAGE} AS runtime
COPY tools/bundle/src/collect-runtime.ts /collect-runtime.ts
RUN node /collect-runtime.ts /runtime

FROM dependencies AS bundle
COPY . .
ARG BUNDLE
RUN test -n "$BUNDLE" || { echo "say which: --build-arg SERVICE=order" >&2; exit 1; }
# Compiled at the path that it will have, which is part of what V8 remembers.
RUN node tools/bundle/src/main.ts "$BUNDLE" --at /app --warm --out /out

# For Tilt's live update: a shell, tar, and binaries that start again when a file below /app changes. Never published.
FROM ${NODE_IMAGE} AS dev
ARG SERVICE
COPY --from=bundle --chown=65532:65532 /out/${SERVICE} /app
RUN mkdir /app/watched && for binary in api worker server; do \
      if [ -e "/app/bin/$binary" ]; then \
        mv "/app/bin/$binary" "/app/watched/$binary" \
     && printf '#!/bin/sh\nexec node --watch --watch-preserve-output /app/watched/%s "$@"\n' "$binary" >"/app/bin/$binary" \
     && chmod 755 "/app/bin/$binary" || exit 1; \
      fi; \
    done && rm -rf /app/compile-cache && chown -R 65532:65532 /app
USER 65532:65532
WORKDIR /app
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4
ENTRYPOINT []
CMD ["/app/bin/api"]

FROM scratch
COPY --from=runtime /runtime /
ARG SERVICE
COPY --from=bundle /out/${SERVICE} /app
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=https://github.com/tandem-commerce/tandem
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="tandem/$SERVICE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="Tandem"
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4 PATH=/usr/local/bin
USER 65532:65532
WORKDIR /app
CMD ["/app/bin/api"]
