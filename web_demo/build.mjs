/**
 * Bundles the page or the tests.
 *
 *   node build.mjs page FOLDER    page, worker, service worker and wasm runtime
 *   node build.mjs tests FOLDER   tests for `node --test`
 */

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const RUNTIME = join(HERE, "node_modules/@litertjs/core/wasm");
// Without relaxed SIMD, the runtime takes "compat"; the one for JSPI is not used.
const VARIANTS = ["", "compat_", "threaded_"];
const STATIC = join(HERE, "static");

const SHARED = { bundle: true, target: "es2022", logLevel: "warning", legalComments: "linked" };

async function buildTests(output) {
  const tests = join(HERE, "tests");
  const files = readdirSync(tests).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...SHARED,
    entryPoints: files.map((name) => join(tests, name)),
    outdir: output,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    format: "esm",
    sourcemap: "inline",
  });
}

async function buildPage(output) {
  cpSync(STATIC, output, { recursive: true });
  mkdirSync(join(output, "wasm"));
  for (const variant of VARIANTS) {
    for (const end of ["js", "wasm"]) {
      const name = `litert_wasm_${variant}internal.${end}`;
      writeFileSync(join(output, "wasm", name), readFileSync(join(RUNTIME, name)));
    }
  }
  await build({
    ...SHARED,
    entryPoints: {
      page: join(HERE, "src/page/main.ts"),
      pose_worker: join(HERE, "src/worker/pose_worker.ts"),
    },
    outdir: output,
    platform: "browser",
    format: "iife",
    minify: true,
  });
  const files = list(output).sort();
  await build({
    ...SHARED,
    entryPoints: { service_worker: join(HERE, "src/worker/service_worker.ts") },
    outdir: output,
    format: "iife",
    minify: true,
    define: {
      VERSION: JSON.stringify(digest(output, files)),
      SHELL: JSON.stringify(files.filter((name) => !name.startsWith("wasm/"))),
    },
  });
}

/** Returns the paths of all files below a folder, relative to it. */
function list(folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) =>
    entry.isDirectory()
      ? list(join(folder, entry.name)).map((name) => `${entry.name}/${name}`)
      : [entry.name],
  );
}

/** Returns a short digest of the content of files. */
function digest(folder, files) {
  const hash = createHash("sha256");
  for (const name of files) {
    hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

const [kind, output] = process.argv.slice(2);
const builders = { page: buildPage, tests: buildTests };
if (!builders[kind] || !output) {
  console.error(`build.mjs ${kind ?? ""}: give "page" or "tests", and a folder.`);
  process.exit(1);
}
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
await builders[kind](output);
