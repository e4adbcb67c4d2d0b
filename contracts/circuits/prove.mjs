// Reads {"wasm", "zkey", "input": {"claim", "word"}} from standard input, writes {"proof": [8 words], "public": [gamma, fold], "milliseconds"}.
import { readFileSync } from "node:fs";
import { groth16 } from "snarkjs";

const request = JSON.parse(readFileSync(0, "utf8"));
const hex = (number) => "0x" + BigInt(number).toString(16).padStart(64, "0");
const started = performance.now();
const { proof, publicSignals } = await groth16.fullProve(request.input, request.wasm, request.zkey);
const [a, b, c] = [proof.pi_a, proof.pi_b, proof.pi_c];
const words = [a[0], a[1], b[0][1], b[0][0], b[1][1], b[1][0], c[0], c[1]];
const answer = { proof: words.map(hex), public: publicSignals.map(hex), milliseconds: Math.round(performance.now() - started) };
process.stdout.write(JSON.stringify(answer) + "\n");
process.exit(0);
