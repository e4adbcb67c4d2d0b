// The verification key of a zkey as the 20 words that Groth16Verifier takes: alpha, beta, gamma, delta, then one point for the constant and each public value.
import { zKey } from "snarkjs";

export async function keyWords(zkeyPath) {
  const key = await zKey.exportVerificationKey(zkeyPath);
  const g1 = ([x, y]) => [x, y];
  const g2 = ([[x0, x1], [y0, y1]]) => [x1, x0, y1, y0];
  const points = [...g1(key.vk_alpha_1), ...g2(key.vk_beta_2), ...g2(key.vk_gamma_2), ...g2(key.vk_delta_2), ...key.IC.flatMap(g1)];
  return points.map((word) => "0x" + BigInt(word).toString(16).padStart(64, "0"));
}
