// Builds the circuit of one depth into <out>: product.wasm, product.r1cs, product.zkey, key.json (the verification key as EVM words).
//
//   node build.mjs --depth 1024 --out FOLDER
//
// The keys are made from a published seed, so everybody gets the same ones, and everybody can forge proofs under them: they are for local chains
// (Groth16Verifier refuses them elsewhere). For value, run ceremony.mjs with a powers-of-tau file of a real ceremony.
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { developmentKeys } from "./development_keys.mjs";
import { keyWords } from "./key_words.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));

export function compile(depth, out) {
  mkdirSync(out, { recursive: true });
  const main = join(out, "main.circom");
  writeFileSync(main, `pragma circom 2.1.0;\ninclude "product.circom";\ncomponent main = Product(${depth});\n`);
  const libraries = [HERE, join(HERE, "node_modules", "circomlib", "circuits")];
  const compiler = join(HERE, "node_modules", "circom2", "cli.js");
  execFileSync(process.execPath, [compiler, main, "--r1cs", "--wasm", "--O2", ...libraries.flatMap((l) => ["-l", l]), "-o", out], {
    stdio: ["ignore", "ignore", "inherit"],
    cwd: "/",
  });
  renameSync(join(out, "main_js", "main.wasm"), join(out, "product.wasm"));
  renameSync(join(out, "main.r1cs"), join(out, "product.r1cs"));
  for (const rest of ["main_js", "main.circom"]) rmSync(join(out, rest), { recursive: true, force: true });
}

async function main() {
  const { values } = parseArgs({ options: { depth: { type: "string" }, out: { type: "string" } } });
  const depth = Number(values.depth);
  if (!Number.isInteger(depth) || depth < 1 || depth > 16384 || !values.out) throw new Error("usage: build.mjs --depth 1..16384 --out FOLDER");
  const started = performance.now();
  compile(depth, values.out);
  const compiled = performance.now();
  const found = await developmentKeys(join(values.out, "product.r1cs"), join(values.out, "product.zkey"), `stab3l development key ${depth}`);
  const words = await keyWords(join(values.out, "product.zkey"));
  const key = {
    depth,
    development: true,
    constraints: found.constraints,
    words,
    compile_ms: Math.round(compiled - started),
    keys_ms: Math.round(performance.now() - compiled),
  };
  writeFileSync(join(values.out, "key.json"), JSON.stringify(key, null, 1) + "\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
  process.exit(0);
}
