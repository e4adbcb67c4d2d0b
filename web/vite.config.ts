import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { shellFiles } from "./build/shell-files.ts";

// `npm run dev` serves the console with a running API behind it; the built files go into the Python package.
const API = process.env["STAB3L_API"] ?? "http://127.0.0.1:8080";
/** The API takes sockets of its own page only. */
const BEHIND = { target: API, ws: true, changeOrigin: true, rewriteWsOrigin: true };

export default defineConfig({
  plugins: [react(), shellFiles()],
  build: {
    outDir: "../src/stab3l/api/console",
    emptyOutDir: true,
    target: "es2023",
    sourcemap: false,
    chunkSizeWarningLimit: 400,
    // Everything is a file of its own: the page's policy allows no data: fonts and nothing inline.
    assetsInlineLimit: 0,
  },
  preview: { proxy: { "/v1": BEHIND } },
  server: { proxy: { "/v1": BEHIND, "/graphql": BEHIND } },
  test: {
    projects: [
      { test: { name: "unit", include: ["tests/unit/**/*.test.ts"], environment: "node" } },
      {
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          environment: "node",
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          pool: "threads",
        },
      },
    ],
  },
});
