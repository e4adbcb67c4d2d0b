import { post } from "../api/rest";
import type { Markets } from "../api/types";
import type { SigningDomain } from "../signing/messages";
import type { SignableRequest } from "../signing/requests";
import { type ConnectedWallet, signTyped } from "../wallet/connection";

/** The domain that orders and withdrawals are signed under. */
export function domainOf(markets: Markets): SigningDomain {
  return { name: "stab3l", version: "1", chainId: markets.chain_id, verifyingContract: markets.custody };
}

/** Signs with the wallet and posts. The same body may be sent again when the answer was lost: it acts once. */
export async function submit<T>(
  path: string,
  connected: ConnectedWallet,
  domain: SigningDomain,
  request: SignableRequest,
): Promise<T> {
  const signature = await signTyped(connected, domain, request.message);
  return post<T>(path, { ...request.body, signature });
}
