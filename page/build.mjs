// Bundles the page into dialogue/studio/page/, with the licences of what it is made of. The same tree gives the same bytes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";

const out = "../dialogue/studio/page";
await build({
  entryPoints: ["src/app.tsx", "src/app.css"],
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
});
copyFileSync("src/index.html", `${out}/index.html`);
const parts = ["preact", "@preact/signals", "@preact/signals-core"];
const licences = parts.map((name) => {
  const at = `node_modules/${name}`;
  const { version } = JSON.parse(readFileSync(`${at}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`${at}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync(`${out}/LICENSES.txt`, `app.js contains:\n\n${licences.join("\n")}`);

// A test holds this against the sources, so that nobody forgets to build.
const digest = createHash("sha256");
for (const name of [...readdirSync("src").sort().map((file) => `src/${file}`), "build.mjs", "package-lock.json"]) {
  digest.update(`${name}\0`).update(readFileSync(name)).update("\0");
}
writeFileSync(`${out}/SOURCES`, `${digest.digest("hex")}\n`);
