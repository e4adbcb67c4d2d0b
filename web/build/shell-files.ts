import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSED = /\.(js|css|html|svg|json|webmanifest)$/;
const LEAST_BYTES = 1024;

/** Lists the build's files for the offline shell (build.json) and lays a gzip twin beside each. */
export function shellFiles(): Plugin {
  return {
    name: "shell-files",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const assets = Object.keys(bundle).filter((name) => name.startsWith("assets/"));
      this.emitFile({ type: "asset", fileName: "build.json", source: JSON.stringify(assets.map((name) => `/${name}`)) });
      for (const [name, part] of Object.entries(bundle)) {
        const source = part.type === "chunk" ? part.code : part.source;
        if (!COMPRESSED.test(name) || source.length < LEAST_BYTES) continue;
        this.emitFile({ type: "asset", fileName: `${name}.gz`, source: gzipSync(source, { level: 9 }) });
      }
    },
  };
}
