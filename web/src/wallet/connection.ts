import { type Address, type Hex, getAddress, isAddress, isHex, numberToHex } from "viem";
import { type SigningDomain, type TypedMessage, typedDataJson } from "../signing/messages";
import type { AnnouncedWallet, WalletProvider } from "./discovery";

/** The wallet said no. `code` 4001: its owner declined. */
export class WalletRefusal extends Error {
  constructor(
    message: string,
    readonly code: number | null,
  ) {
    super(message);
  }
}

export interface ConnectedWallet {
  readonly wallet: AnnouncedWallet;
  readonly address: Address;
}

const DECLINED = 4001;
const CHAIN_NOT_ADDED = 4902;

async function ask(provider: WalletProvider, method: string, params: readonly unknown[] = []): Promise<unknown> {
  try {
    return await provider.request({ method, params });
  } catch (error) {
    const told = error as { code?: unknown; message?: unknown };
    const code = typeof told.code === "number" ? told.code : null;
    const message = code === DECLINED ? "You declined it in the wallet" : typeof told.message === "string" ? told.message : "The wallet refused";
    throw new WalletRefusal(message, code);
  }
}

/** Asks for an account. `silently`: only if the wallet remembers this page. */
export async function connect(wallet: AnnouncedWallet, silently: boolean): Promise<ConnectedWallet | null> {
  const answer = await ask(wallet.provider, silently ? "eth_accounts" : "eth_requestAccounts");
  const first: unknown = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof first !== "string" || !isAddress(first)) {
    if (silently) return null;
    throw new WalletRefusal("The wallet gave no account", null);
  }
  return { wallet, address: getAddress(first) };
}

/** 65 bytes r, s, v with v 27 or 28 and the lower s, as the exchange wants them. */
export async function signTyped(connected: ConnectedWallet, domain: SigningDomain, message: TypedMessage): Promise<Hex> {
  await onChain(connected, { chainId: domain.chainId, name: "stab3l", rpcUrl: null });
  const answer = await ask(connected.wallet.provider, "eth_signTypedData_v4", [connected.address, typedDataJson(domain, message)]);
  return signatureOf(answer);
}

/** EIP-191, for signing in. */
export async function signText(connected: ConnectedWallet, text: string): Promise<Hex> {
  const bytes = new TextEncoder().encode(text);
  const hex = `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return signatureOf(await ask(connected.wallet.provider, "personal_sign", [hex, connected.address]));
}

function signatureOf(answer: unknown): Hex {
  if (!isHex(answer)) throw new WalletRefusal("The wallet's signature cannot be read", null);
  if (answer.length !== 132) return answer;
  const last = Number.parseInt(answer.slice(130), 16);
  return last < 27 ? `${answer.slice(0, 130)}${(last + 27).toString(16)}` as Hex : answer;
}

export interface ChainChoice {
  readonly chainId: number;
  readonly name: string;
  readonly rpcUrl: string | null;
}

/** Brings the wallet to a chain; adds it when the wallet does not know it and its address is public. */
export async function onChain(connected: ConnectedWallet, chain: ChainChoice): Promise<void> {
  const { provider } = connected.wallet;
  const current = await ask(provider, "eth_chainId");
  if (typeof current === "string" && Number(current) === chain.chainId) return;
  const chainId = numberToHex(chain.chainId);
  try {
    await ask(provider, "wallet_switchEthereumChain", [{ chainId }]);
  } catch (error) {
    if (!(error instanceof WalletRefusal) || error.code !== CHAIN_NOT_ADDED || chain.rpcUrl === null) throw error;
    const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
    await ask(provider, "wallet_addEthereumChain", [{ chainId, chainName: `stab3l ${chain.name}`, nativeCurrency, rpcUrls: [chain.rpcUrl] }]);
  }
}

export async function sendTransaction(connected: ConnectedWallet, chain: ChainChoice, to: Address, data: Hex): Promise<Hex> {
  await onChain(connected, chain);
  const answer = await ask(connected.wallet.provider, "eth_sendTransaction", [{ from: connected.address, to, data }]);
  if (!isHex(answer)) throw new WalletRefusal("The wallet gave no transaction hash", null);
  return answer;
}
