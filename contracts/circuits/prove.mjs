// Reads {"wasm", "zkey", "input": {"gamma", "word"}} from standard input, writes {"proof": [8 words], "public": [commitment, fold, gamma], "seconds"}.
// With "gamma" left out it stops after the witness: {"commitment"}, from which the caller draws gamma.
import { readFileSync } from "node:fs";
import { groth16, wtns } from "snarkjs";

const request = JSON.parse(readFileSync(0, "utf8"));
const hex = (number) => "0x" + BigInt(number).toString(16).padStart(64, "0");

async function commitment() {
  const witness = { type: "mem" };
  await wtns.calculate({ ...request.input, gamma: "0" }, request.wasm, witness);
  const values = await wtns.exportJson(witness);
  return { commitment: hex(values[1]) };
}

async function proof() {
  const started = performance.now();
  const { proof, publicSignals } = await groth16.fullProve(request.input, request.wasm, request.zkey);
  const [a, b, c] = [proof.pi_a, proof.pi_b, proof.pi_c];
  const words = [a[0], a[1], b[0][1], b[0][0], b[1][1], b[1][0], c[0], c[1]];
  return { proof: words.map(hex), public: publicSignals.map(hex), milliseconds: Math.round(performance.now() - started) };
}

process.stdout.write(JSON.stringify("gamma" in request.input ? await proof() : await commitment()) + "\n");
process.exit(0);
