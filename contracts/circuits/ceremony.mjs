// Keys for a chain of value, by a ceremony (docs/operations/ceremony.md).
//
//   node ceremony.mjs start --depth 1024 --ptau FILE --out FOLDER
//   node ceremony.mjs contribute --out FOLDER --name NAME
//   node ceremony.mjs finish --ptau FILE --out FOLDER --beacon HEX
//   node ceremony.mjs verify --ptau FILE --out FOLDER
import { randomBytes } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { r1cs, zKey } from "snarkjs";
import { compile } from "./build.mjs";
import { keyWords } from "./key_words.mjs";

const BEACON_ITERATIONS_LOG2 = 10;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(["depth", "ptau", "out", "name", "beacon"].map((name) => [name, { type: "string" }])),
});
const needed = { start: ["depth", "ptau", "out"], contribute: ["out", "name"], finish: ["ptau", "out", "beacon"], verify: ["ptau", "out"] }[positionals[0]];
if (!needed || needed.some((name) => !values[name])) throw new Error("usage: ceremony.mjs start|contribute|finish|verify, see docs/operations/ceremony.md");

const at = (name) => join(values.out, name);
const rounds = () => readdirSync(values.out).filter((name) => /^\d{4}\.zkey$/.test(name)).sort();
const numbered = (number) => `${String(number).padStart(4, "0")}.zkey`;
const hex = (bytes) => Buffer.from(bytes).toString("hex");

async function verified(zkey) {
  if (!(await zKey.verifyFromR1cs(at("product.r1cs"), values.ptau, zkey))) throw new Error(`${zkey} does not follow from the circuit and the powers of tau`);
}

const steps = {
  async start() {
    compile(Number(values.depth), values.out);
    writeFileSync(at("depth.json"), JSON.stringify({ depth: Number(values.depth) }));
    await zKey.newZKey(at("product.r1cs"), values.ptau, at(numbered(0)));
  },
  async contribute() {
    const done = rounds();
    const hash = await zKey.contribute(at(done.at(-1)), at(numbered(done.length)), values.name, hex(randomBytes(64)));
    process.stdout.write(`${values.name}: ${hex(hash)}\n`);
  },
  async finish() {
    const done = rounds();
    if (done.length < 2) throw new Error("nobody has contributed yet");
    await zKey.beacon(at(done.at(-1)), at("product.zkey"), "beacon", values.beacon, BEACON_ITERATIONS_LOG2);
    await verified(at("product.zkey"));
    const { depth } = JSON.parse(readFileSync(at("depth.json"), "utf8"));
    const { nConstraints } = await r1cs.info(at("product.r1cs"));
    const key = { depth, development: false, constraints: nConstraints, words: await keyWords(at("product.zkey")), compile_ms: 0, keys_ms: 0 };
    writeFileSync(at("key.json"), JSON.stringify(key, null, 1) + "\n");
    copyFileSync(at("product.zkey"), at(`final-${done.length}.zkey`));
    process.stdout.write(`finished after ${done.length - 1} contributions: product.zkey, key.json\n`);
  },
  async verify() {
    await verified(at("product.zkey"));
    process.stdout.write("verified\n");
  },
};
await steps[positionals[0]]();
process.exit(0);
