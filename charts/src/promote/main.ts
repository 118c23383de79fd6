import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { environmentNames } from "../environments/environment.ts";
import { readPlatform } from "../platform.ts";
import { SynthError } from "../synth-error.ts";
import { promote } from "./promote.ts";

const help = `npm run promote -- --environment staging --from digests.json [--service order,payment]

Gives an environment other versions of images: writes charts/images/<environment>.json and k8s/. Commit it: Argo CD deploys
what is committed. Migrations run before the new version starts (docs/runbooks/rollback.md).

  --environment  ${environmentNames.join(", ")}
  --from         another environment, or a file { "order": "sha256:..." } as npm run image -- all --push --output writes it
  --service      only these, comma-separated

Outside local only digests and releases (1.2.3) are taken: a tag that moves says nothing about what runs.
`;

const short = (version: string | undefined): string =>
  version === undefined ? "nothing" : version.startsWith("sha256:") ? version.slice(0, 19) : version;

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h" },
      environment: { type: "string" },
      from: { type: "string" },
      service: { type: "string", multiple: true },
    },
  });
  const { environment, from } = values;
  if (values.help === true || environment === undefined || from === undefined) {
    process.stdout.write(help);
    return values.help === true ? 0 : 2;
  }
  const services = (values.service ?? []).flatMap((list) => list.split(",")).map((name) => name.trim());
  const root = resolve(import.meta.dirname, "../../..");
  const { changes, written } = await promote(await readPlatform(), { environment, from, services, root });
  if (changes.length === 0) {
    process.stdout.write(`${environment} runs that already: nothing written\n`);
    return 0;
  }
  for (const change of changes) {
    process.stdout.write(`${change.image.padEnd(18)} ${short(change.from)} -> ${short(change.to)}\n`);
  }
  for (const line of written) process.stdout.write(`k8s/: ${line}\n`);
  const names = changes.map(({ image }) => image);
  const what = names.length > 3 ? `${names.length} images` : names.join(", ");
  const paths = `charts/images/${environment}.json k8s/${environment} k8s/argocd/${environment}`;
  process.stdout.write(`
Look at it:  git diff -- ${paths}
Deploy it:   git add ${paths} && git commit -m "Promote ${what} to ${environment}" -- ${paths} && git push
Take back:   git checkout -- ${paths}
`);
  return 0;
};

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof SynthError ? error.message : String((error as Error).stack ?? error)}\n`);
  return 1;
});
