/** Job documents (docs/reference/jobs.md): integers big-endian, a document's name is its Keccak-256. */
import { type Hex, keccak256 } from "viem";

export const MODULE_BYTES_MAX = 4 << 20;
export const INPUT_BYTES_MAX = 8 << 20;
export const MATRIX_SIDE_MAX = 1024;

export interface JobDocument {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly name: Hex;
  /** Operations that it needs, where that is known beforehand. */
  readonly operations: bigint | null;
}

/** A WebAssembly module and its input. */
export function moduleJob(module: Uint8Array, input: Uint8Array): JobDocument {
  if (module.length > MODULE_BYTES_MAX || input.length > INPUT_BYTES_MAX) throw new RangeError("A module has at most 4 MiB and an input 8 MiB");
  const bytes = joined([magic("S3LJOB"), word(module.length), module, input]);
  return { bytes, name: keccak256(bytes), operations: null };
}

/** A product of two square matrices of int8. */
export function matrixJob(side: number, elements: (count: number) => Uint8Array): JobDocument {
  if (!Number.isInteger(side) || side < 1 || side > MATRIX_SIDE_MAX) throw new RangeError(`A side from 1 to ${MATRIX_SIDE_MAX}`);
  const bytes = joined([magic("S3LMTX"), word(side), word(side), word(side), elements(side * side), elements(side * side)]);
  return { bytes, name: keccak256(bytes), operations: 2n * BigInt(side) ** 3n };
}

function magic(text: string): Uint8Array {
  return new Uint8Array([...new TextEncoder().encode(text), 0, 1]);
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, false);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const RANDOM_BYTES_MAX = 65_536;

/** Random bytes of any number: the browser gives 64 KiB at a time. */
export function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += RANDOM_BYTES_MAX) crypto.getRandomValues(bytes.subarray(at, Math.min(count, at + RANDOM_BYTES_MAX)));
  return bytes;
}

/** Leaves the job with the provider. */
export async function upload(providerUrl: string, job: JobDocument): Promise<void> {
  const response = await fetch(`${providerUrl}/documents/${job.name}`, { method: "PUT", body: job.bytes, headers: { "Content-Type": "application/octet-stream" } });
  if (!response.ok) throw new Error(`The provider did not take the job (${response.status})`);
}
