import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { exitWith, type Programs, programs } from "./programs.ts";

const repository = resolve(import.meta.dirname, "../..");

const help = `node tools/bootstrap.mjs tilt/src/build-image.ts <image> --write-reference <file> [--engine docker] [--target dev]
    [--registry localhost:5001 | --loader <command>]

Builds an image, names it by its content, brings it to where the cluster finds it, and writes that name into the file: what Tilt's
custom_build(outputs_image_ref_to=...) wants. The same content has the same name: nothing is rolled out for it.

  --registry  pushed there
  --loader    a command that takes the name as its last argument
`;

export interface BuildOptions {
  readonly image: string;
  readonly engine: string;
  /** Of the Dockerfile; absent: what is shipped. */
  readonly target?: string | undefined;
  readonly place: { readonly registry: string } | { readonly loader: string };
}

/** @returns the name under which the cluster finds the image */
export const buildImage = async ({ read, run }: Programs, options: BuildOptions): Promise<string> => {
  const { image, engine, target, place } = options;
  // Tags of its own: what others have built and loaded as :dev stays what it is.
  const variant = target === undefined ? "tilt" : `tilt-${target}`;
  const made = `localhost/tandem/${image}:${variant}`;
  await run("npm", [
    ...["run", "--silent", "image", "--", image, "--engine", engine, "--tag", variant],
    ...(target === undefined ? [] : ["--target", target]),
  ]);
  const id = (await read(engine, ["image", "inspect", "--format", "{{.Id}}", made])).trim();
  const tag = `${variant}-${id.replace(/^sha256:/, "").slice(0, 12)}`;
  if ("loader" in place) {
    const reference = `localhost/tandem/${image}:${tag}`;
    await run(engine, ["tag", made, reference]);
    await run("sh", ["-c", `${place.loader} "$1"`, "loader", reference]);
    return reference;
  }
  const reference = `${place.registry}/tandem/${image}:${tag}`;
  await run(engine, ["tag", made, reference]);
  // Docker takes a registry on this machine without TLS; podman wants to be told.
  const insecure = engine === "podman" && place.registry.startsWith("localhost") ? ["--tls-verify=false"] : [];
  await run(engine, ["push", ...insecure, reference]);
  return reference;
};

if (import.meta.main)
  await exitWith(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        engine: { type: "string", default: "docker" },
        help: { type: "boolean", short: "h" },
        loader: { type: "string" },
        registry: { type: "string", default: "localhost:5001" },
        target: { type: "string" },
        "write-reference": { type: "string" },
      },
    });
    const [image] = positionals;
    const file = values["write-reference"];
    if (values.help === true || image === undefined || file === undefined) return void process.stdout.write(help);
    const path = resolve(repository, file);
    await rm(path, { force: true });
    const { engine, target, loader, registry } = values;
    const place = loader === undefined ? { registry } : { loader };
    const reference = await buildImage(programs, { image, engine, target, place });
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${reference}\n`);
  });
