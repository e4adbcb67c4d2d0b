// Groth16 keys for local chains, straight from a trapdoor that follows from a public seed: seconds instead of the hours of a ceremony's arithmetic, and the
// same keys for everybody. Whoever reads the seed can forge proofs. The file has snarkjs' zkey format (its src/zkey_new.js), so snarkjs proves with it.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as binary from "@iden3/binfileutils";
import { buildBn128 } from "ffjavascript";
import { readR1cs } from "r1csfile";

const WINDOW_BITS = 8;
const WINDOWS = 32;
const MEMORY_PAGES = 400;
const SECTIONS = 10;

/** Writes the zkey of the circuit; says how many constraints it has. */
export async function developmentKeys(r1csPath, zkeyPath, seed) {
  const curve = await buildBn128(true);
  const r1cs = await readR1cs(r1csPath, { loadConstraints: true, singleThread: true });
  const setup = scalars(curve, r1cs, seed);
  await write(curve, r1cs, setup, zkeyPath);
  return { constraints: r1cs.nConstraints };
}

function scalars(curve, r1cs, seed) {
  const r = curve.r;
  const mod = (x) => ((x % r) + r) % r;
  const drawn = (name) => {
    const bytes = createHash("sha512").update(`${seed}: ${name}`).digest("hex");
    return mod(BigInt("0x" + bytes));
  };
  const trapdoor = Object.fromEntries(["tau", "alpha", "beta", "gamma", "delta"].map((name) => [name, drawn(name)]));
  const publics = r1cs.nOutputs + r1cs.nPubInputs;
  const power = Math.floor(Math.log2(r1cs.nConstraints + publics)) + 1;
  const size = 1 << power;
  const lagrange = lagrangeAt(curve, trapdoor.tau, power, r);
  const [a, b, c] = [0, 1, 2].map(() => new Array(r1cs.nVars).fill(0n));
  const coefficients = [];
  const sides = [a, b, c];
  r1cs.constraints.forEach((constraint, row) => {
    constraint.forEach((side, which) => {
      for (const [signal, value] of Object.entries(side)) {
        const number = curve.Fr.toObject(value);
        sides[which][signal] = (sides[which][signal] + number * lagrange[row]) % r;
        if (which < 2) coefficients.push([which, row, Number(signal), number]);
      }
    });
  });
  for (let s = 0; s <= publics; s++) {
    const row = r1cs.nConstraints + s;
    a[s] = (a[s] + lagrange[row]) % r;
    coefficients.push([0, row, s, 1n]);
  }
  const inverse = (x) => curve.Fr.toObject(curve.Fr.inv(curve.Fr.fromObject(x)));
  const [overGamma, overDelta] = [inverse(trapdoor.gamma), inverse(trapdoor.delta)];
  const joined = a.map((x, s) => (trapdoor.beta * x + trapdoor.alpha * b[s] + c[s]) % r);
  const ic = joined.slice(0, publics + 1).map((x) => (x * overGamma) % r);
  const rest = joined.slice(publics + 1).map((x) => (x * overDelta) % r);
  const h = lagrangeAt(curve, trapdoor.tau, power + 1, r).filter((_, i) => i % 2 === 1).map((x) => (x * overDelta) % r);
  return { trapdoor, publics, size, a, b, ic, rest, h, coefficients };
}

/** All Lagrange polynomials over the domain of 2^power roots of unity, at tau: (tau^n - 1) / n * w^i / (tau - w^i). */
function lagrangeAt(curve, tau, power, r) {
  const size = 1 << power;
  const root = curve.Fr.toObject(curve.Fr.w[power]);
  const roots = new Array(size);
  roots[0] = 1n;
  for (let i = 1; i < size; i++) roots[i] = (roots[i - 1] * root) % r;
  const differences = roots.map((w) => (tau - w + r) % r);
  const prefix = new Array(size + 1);
  prefix[0] = 1n;
  for (let i = 0; i < size; i++) prefix[i + 1] = (prefix[i] * differences[i]) % r;
  const inverse = (x) => curve.Fr.toObject(curve.Fr.inv(curve.Fr.fromObject(x)));
  let suffix = inverse(prefix[size]);
  let top = 1n;
  for (let i = 0, power_ = tau; i < power; i++) top = power_ = (power_ * power_) % r;
  const factor = ((top - 1n + r) * inverse(BigInt(size))) % r;
  const out = new Array(size);
  for (let i = size - 1; i >= 0; i--) {
    out[i] = (((factor * roots[i]) % r) * ((suffix * prefix[i]) % r)) % r;
    suffix = (suffix * differences[i]) % r;
  }
  return out;
}

async function write(curve, r1cs, setup, path) {
  const g1 = fixedBase(curve, "G1");
  const g2 = fixedBase(curve, "G2");
  const { trapdoor } = setup;
  const file = await binary.createBinFile(path, "zkey", 1, SECTIONS, 1 << 22, 1 << 24);
  const section = async (id, content) => {
    await binary.startWriteSection(file, id);
    await content();
    await binary.endWriteSection(file);
  };
  await section(1, () => file.writeULE32(1));
  await section(2, async () => {
    await file.writeULE32(32);
    await binary.writeBigInt(file, curve.q, 32);
    await file.writeULE32(32);
    await binary.writeBigInt(file, curve.r, 32);
    for (const count of [r1cs.nVars, setup.publics, setup.size]) await file.writeULE32(count);
    await file.write(g1([trapdoor.alpha, trapdoor.beta]));
    await file.write(g2([trapdoor.beta, trapdoor.gamma]));
    await file.write(g1([trapdoor.delta]));
    await file.write(g2([trapdoor.delta]));
  });
  await section(4, () => file.write(coefficientBytes(curve, setup.coefficients)));
  await section(3, () => file.write(g1(setup.ic)));
  await section(9, () => file.write(g1(setup.h)));
  await section(8, () => file.write(g1(setup.rest)));
  await section(5, () => file.write(g1(setup.a)));
  await section(6, () => file.write(g1(setup.b)));
  await section(7, () => file.write(g2(setup.b)));
  await section(10, async () => {
    await file.write(new Uint8Array(createHash("sha512").update(readFileSync(new URL("product.circom", import.meta.url))).digest()));
    await file.writeULE32(0);
  });
  await file.close();
}

/** Each number times R^2 mod r, little-endian, behind its matrix, constraint and signal. */
function coefficientBytes(curve, coefficients) {
  const shift = (1n << 512n) % curve.r;
  const bytes = Buffer.alloc(4 + coefficients.length * 44);
  bytes.writeUInt32LE(coefficients.length, 0);
  coefficients.forEach(([matrix, constraint, signal, number], i) => {
    const at = 4 + 44 * i;
    bytes.writeUInt32LE(matrix, at);
    bytes.writeUInt32LE(constraint, at + 4);
    bytes.writeUInt32LE(signal, at + 8);
    writeLittleEndian(bytes, at + 12, (number * shift) % curve.r);
  });
  return bytes;
}

function writeLittleEndian(bytes, at, number) {
  for (let limb = 0; limb < 4; limb++) bytes.writeBigUInt64LE((number >> BigInt(64 * limb)) & 0xffffffffffffffffn, at + 8 * limb);
}

/** Multiples of the generator by windows of 8 bits, all inside the curve's WASM memory; answers in affine Montgomery form, as a zkey holds points. */
function fixedBase(curve, name) {
  const group = curve[name];
  const prefix = name === "G1" ? "g1m" : "g2m";
  const { exports } = curve.tm.instance;
  if (curve.tm.memory.buffer.byteLength < MEMORY_PAGES * 65536) {
    curve.tm.memory.grow(MEMORY_PAGES);
    curve.tm.u8 = new Uint8Array(curve.tm.memory.buffer);
    curve.tm.u32 = new Uint32Array(curve.tm.memory.buffer);
  }
  const affine = 2 * group.F.n8;
  const jacobian = 3 * group.F.n8;
  const entries = 1 << WINDOW_BITS;
  const table = curve.tm.alloc(WINDOWS * entries * affine);
  const sum = curve.tm.alloc(jacobian);
  let base = group.g;
  for (let w = 0; w < WINDOWS; w++) {
    let multiple = group.zero;
    for (let digit = 1; digit < entries; digit++) {
      multiple = group.add(multiple, base);
      curve.tm.setBuff(table + (w * entries + digit) * affine, group.toAffine(multiple));
    }
    base = group.add(multiple, base);
  }
  const add = exports[`${prefix}_addMixed`];
  const zero = exports[`${prefix}_zero`];
  const normalise = exports[`${prefix}_normalize`];
  const toAffine = exports[`${prefix}_toAffine`];
  return (numbers) => {
    const out = new Uint8Array(numbers.length * affine);
    numbers.forEach((number, i) => {
      zero(sum);
      let rest = number;
      for (let w = 0; rest > 0n; w++, rest >>= 8n) {
        const digit = Number(rest & 255n);
        if (digit) add(sum, table + (w * entries + digit) * affine, sum);
      }
      if (number === 0n) return;
      toAffine(sum, sum);
      out.set(new Uint8Array(curve.tm.memory.buffer, sum, affine), i * affine);
    });
    return out;
  };
}
