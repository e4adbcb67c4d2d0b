/** A fresh Ed25519 key for the API, made in the browser: the server only ever sees its public half. */
export interface NewApiKey {
  readonly publicKey: string;
  /** The 32-byte seed, hexadecimal: shown once, kept nowhere. */
  readonly seed: string;
}

const SEED_BYTES = 32;

export async function newApiKey(): Promise<NewApiKey> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]));
  const [raw, pkcs8] = await Promise.all([crypto.subtle.exportKey("raw", pair.publicKey), crypto.subtle.exportKey("pkcs8", pair.privateKey)]);
  return { publicKey: `0x${hex(new Uint8Array(raw))}`, seed: hex(new Uint8Array(pkcs8).slice(-SEED_BYTES)) };
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
