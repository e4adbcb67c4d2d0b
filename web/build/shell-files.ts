import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSED = /\.(js|css|html|svg|json|webmanifest)$/;
const LEAST_BYTES = 1024;

/** Lists the build's files for the offline shell (build.json) and lays a gzip twin beside each, once all is written. */
export function shellFiles(): Plugin {
  let folder = "";
  return {
    name: "shell-files",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      const assets = readdirSync(join(folder, "assets"));
      writeFileSync(join(folder, "build.json"), JSON.stringify(assets.map((name) => `/assets/${name}`)));
      for (const name of [...readdirSync(folder), ...assets.map((asset) => `assets/${asset}`)]) {
        if (!COMPRESSED.test(name)) continue;
        const content = readFileSync(join(folder, name));
        if (content.length >= LEAST_BYTES) writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}
