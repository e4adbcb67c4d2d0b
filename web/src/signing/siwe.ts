import type { Address } from "viem";

/** What `GET /v1/auth/nonce` gives to build the message from. */
export interface SignInTerms {
  readonly nonce: string;
  readonly domain: string;
  readonly uri: string;
  readonly chain_id: number;
  readonly statement: string;
  readonly issued_at: string;
  readonly expires_at: string;
}

/** The EIP-4361 message, byte for byte. Throws when the server names another site than the one that asks. */
export function signInMessage(terms: SignInTerms, address: Address, host: string): string {
  if (terms.domain !== host) throw new Error(`The server asks to sign in to ${terms.domain}, this page is ${host}`);
  return [
    `${terms.domain} wants you to sign in with your Ethereum account:`,
    address,
    "",
    ...(terms.statement ? [terms.statement, ""] : [""]),
    `URI: ${terms.uri}`,
    "Version: 1",
    `Chain ID: ${terms.chain_id}`,
    `Nonce: ${terms.nonce}`,
    `Issued At: ${terms.issued_at}`,
    `Expiration Time: ${terms.expires_at}`,
  ].join("\n");
}
