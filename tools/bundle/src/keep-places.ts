import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Plugin } from "rolldown";

/** Chunks lie one folder below the root of the bundle, so this leads from each of them to it. */
const TO_ROOT = "..";

/**
 * Modules from npm that know where they lie and do not need it in a bundle, and why. One that is not named here stops the bundling:
 * somebody has to look what it reads there.
 */
const harmless: readonly { readonly file: RegExp; readonly why: string }[] = [
  {
    file: /^node_modules\/thread-stream\/index\.js$/,
    why: "log transports in threads; ours writes to standard output",
  },
  { file: /^node_modules\/pino\/lib\/transport\.js$/, why: "the same" },
  { file: /^node_modules\/undici\/index\.js$/, why: "only to make stack traces prettier, and guarded" },
  {
    file: /^node_modules\/pdfkit\/js\/pdfkit\.node\.mjs$/,
    why: "metrics of the standard PDF fonts; labels embed their own font, and its colour profile is copied like any asset",
  },
];

export interface Places {
  readonly plugin: Plugin;
  /** What the module reads beside itself: files or folders, relative to the repository. */
  assetsOf(id: string): readonly string[];
}

const knowsItsPlace = /\bimport\.meta\.(dirname|filename|url)\b|\b__(dirname|filename)\b/;

/**
 * Sources find their migrations, pages and fonts by where they lie. In a bundle they lie elsewhere: this makes them find the same
 * path below the bundle's root, and notes what they read there, so that it can be put there. Code that it does not understand is an error.
 */
export const keepPlaces = (root: string, mains: ReadonlySet<string>): Places => {
  const assets = new Map<string, readonly string[]>();
  return {
    assetsOf: (id) => assets.get(id) ?? [],
    plugin: {
      name: "tandem-keep-places",
      transform: {
        filter: { id: /\.[cm]?[jt]s$/, code: /\bimport\.meta\.|\b__(?:dirname|filename)\b/ },
        handler(code, id) {
          if (!isAbsolute(id)) return null; // the bundler's own runtime
          const file = relative(root, id);
          const isMain = mains.has(id);
          if (!knowsItsPlace.test(code)) return isMain ? { code: makeMain(code), map: null } : null;
          const found = findAssets(code, root, id);
          const excused = harmless.some((one) => one.file.test(file));
          if (/\b__(dirname|filename)\b/.test(code) || (found.length === 0 && !readsByRequire(code))) {
            if (!excused)
              this.error(`${file} asks where it lies, and what it reads there is not clear (keep-places.ts)`);
          }
          for (const asset of found) {
            if (!existsSync(join(root, asset))) this.error(`${file} reads ${asset}, which is not there`);
          }
          assets.set(id, found);
          const placed = place(code, file);
          // Lines stay as they are, so the source map holds.
          return { code: isMain ? makeMain(placed) : placed, map: null };
        },
      },
    },
  };
};

/** The launcher imports what was the main module; it is started all the same. */
const makeMain = (code: string): string => code.replaceAll(/\bimport\.meta\.main\b/g, "true");

const place = (code: string, file: string): string =>
  code
    .replaceAll(/\bimport\.meta\.dirname\b/g, `(import.meta.dirname + "/${TO_ROOT}/${dirname(file)}")`)
    .replaceAll(/\bimport\.meta\.filename\b/g, `(import.meta.dirname + "/${TO_ROOT}/${file}")`)
    .replaceAll(/\bimport\.meta\.url\b/g, `new URL("${TO_ROOT}/${encodeURI(file)}", import.meta.url).href`);

const readsByRequire = (code: string): boolean => /\.resolve\(\s*["'`]/.test(code);

/** What the code names beside itself, as paths relative to `root`. */
const findAssets = (code: string, root: string, id: string): readonly string[] => {
  const found: string[] = [];
  const add = (path: string) => found.push(relative(root, path));
  for (const [, parts = ""] of code.matchAll(/\bimport\.meta\.dirname((?:\s*,\s*"[^"]*")+)/g)) {
    add(resolve(dirname(id), ...[...parts.matchAll(/"([^"]*)"/g)].map(([, part = ""]) => part)));
  }
  for (const [, , path = ""] of code.matchAll(/\bnew URL\(\s*(["'])([^"']+)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g)) {
    add(resolve(dirname(id), path));
  }
  if (/\bcreateRequire\(\s*import\.meta\.url\s*\)/.test(code)) {
    const { resolve: find } = createRequire(id);
    for (const [, , name = ""] of code.matchAll(/\brequire\.resolve\(\s*(["'])([^"']+)\1/g)) add(find(name));
  }
  for (const path of found) {
    if (path.startsWith("..") || isAbsolute(path)) throw new Error(`${id} reads ${path}, outside of the repository`);
  }
  return [...new Set(found)];
};
