/**
 * A wallet for the local network only, so that a newcomer can try everything without an extension. Its key is made in
 * this browser and lies in its storage; it announces itself like any wallet, and refuses every chain that is not local.
 */
import { type Hex, type LocalAccount, type TransactionSerializableEIP1559, isHex, numberToHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import type { NetworkChain, NetworkView } from "../api/types";
import { ChainProblem, call } from "../chain/rpc";
import type { AnnouncedWallet, WalletProvider } from "./discovery";

const STORED = "stab3l.development-key";
const NAME = "Development wallet (local network only)";
const PRIMARY_LOCAL_CHAIN = 412346;
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\/?$/;
const GAS_MONEY = 10n ** 20n;
const ICON =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#8a5a00"/><path d="M8 12h16v10H8zM10 12V9h10v3M19 17h3" fill="none" stroke="#fff" stroke-width="2"/></svg>',
  );

class Refused extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Only where the network says so, is the local chain, on loopback, and its node is anvil. */
export async function isDevelopment(network: NetworkView): Promise<boolean> {
  const primary = network.chains.find((chain) => chain.chain_id === PRIMARY_LOCAL_CHAIN);
  const local = network.development && network.primary_chain_id === PRIMARY_LOCAL_CHAIN && network.chains.every(isLocal);
  if (!local || !primary?.rpc_url) return false;
  try {
    const version = await call(primary.rpc_url, "web3_clientVersion", []);
    return typeof version === "string" && version.toLowerCase().startsWith("anvil/");
  } catch (error) {
    if (error instanceof ChainProblem) return false;
    throw error;
  }
}

const isLocal = (chain: NetworkChain): boolean => chain.rpc_url !== null && LOOPBACK.test(chain.rpc_url);

/** Announces the wallet by EIP-6963 whenever a page asks. */
export async function announceDevelopmentWallet(network: NetworkView): Promise<void> {
  if (!(await isDevelopment(network))) return;
  const detail: AnnouncedWallet = Object.freeze({
    info: Object.freeze({ uuid: crypto.randomUUID(), name: NAME, icon: ICON, rdns: "local.stab3l.development" }),
    provider: new DevelopmentProvider(network),
  });
  const announce = (): void => {
    dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  };
  addEventListener("eip6963:requestProvider", announce);
  announce();
}

class DevelopmentProvider implements WalletProvider {
  private chainId = PRIMARY_LOCAL_CHAIN;
  private funded = new Set<number>();

  constructor(private readonly network: NetworkView) {}

  async request({ method, params = [] }: { method: string; params?: readonly unknown[] }): Promise<unknown> {
    switch (method) {
      case "eth_requestAccounts":
        await this.fund();
        return [makeAccount().address];
      case "eth_accounts":
        return storedKey() === null ? [] : [makeAccount().address];
      case "eth_chainId":
        return numberToHex(this.chainId);
      case "wallet_switchEthereumChain":
        return this.switchTo((params[0] as { chainId: string }).chainId);
      case "personal_sign":
        return makeAccount().signMessage({ message: { raw: params[0] as Hex } });
      case "eth_signTypedData_v4":
        return this.signTyped(params[1] as string);
      case "eth_sendTransaction":
        return this.send(params[0] as { to: Hex; data: Hex; value?: Hex });
      default:
        return call(this.rpcUrl(), method, params);
    }
  }

  private switchTo(chainId: string): null {
    const wanted = Number(chainId);
    if (!this.network.chains.some((chain) => chain.chain_id === wanted)) {
      throw new Refused(4902, `The development wallet knows only the local network's chains, not ${wanted}`);
    }
    this.chainId = wanted;
    return null;
  }

  private signTyped(json: string): Promise<Hex> {
    const typed = JSON.parse(json) as Parameters<LocalAccount["signTypedData"]>[0] & { domain?: { chainId?: number } };
    const chainId = Number(typed.domain?.chainId);
    if (!this.network.chains.some((chain) => chain.chain_id === chainId)) {
      throw new Refused(4100, `The development wallet signs nothing for chain ${chainId}`);
    }
    return makeAccount().signTypedData(typed);
  }

  private async send(asked: { to: Hex; data: Hex; value?: Hex }): Promise<unknown> {
    await this.fund();
    const account = makeAccount();
    const url = this.rpcUrl();
    const [nonce, price, gas] = await Promise.all([
      call(url, "eth_getTransactionCount", [account.address, "pending"]),
      call(url, "eth_gasPrice", []),
      call(url, "eth_estimateGas", [{ from: account.address, to: asked.to, data: asked.data, value: asked.value ?? "0x0" }]),
    ]);
    const transaction: TransactionSerializableEIP1559 = {
      type: "eip1559",
      chainId: this.chainId,
      nonce: Number(nonce),
      to: asked.to,
      data: asked.data,
      value: BigInt(asked.value ?? "0x0"),
      gas: (BigInt(gas as string) * 13n) / 10n,
      maxFeePerGas: BigInt(price as string) * 2n,
      maxPriorityFeePerGas: 1n,
    };
    return call(url, "eth_sendRawTransaction", [await account.signTransaction(transaction)]);
  }

  /** Gas money on the chain in use: a method that only anvil has. */
  private async fund(): Promise<void> {
    if (this.funded.has(this.chainId)) return;
    const { address } = makeAccount();
    const balance = BigInt((await call(this.rpcUrl(), "eth_getBalance", [address, "latest"])) as string);
    if (balance < GAS_MONEY / 10n) await call(this.rpcUrl(), "anvil_setBalance", [address, numberToHex(GAS_MONEY)]);
    this.funded.add(this.chainId);
  }

  private rpcUrl(): string {
    const url = this.network.chains.find((chain) => chain.chain_id === this.chainId)?.rpc_url;
    if (!url || !LOOPBACK.test(url)) throw new Refused(4100, "The development wallet works on loopback only");
    return url;
  }
}

function storedKey(): Hex | null {
  const stored = localStorage.getItem(STORED);
  return isHex(stored) && stored.length === 66 ? stored : null;
}

let account: ReturnType<typeof privateKeyToAccount> | null = null;

function makeAccount(): ReturnType<typeof privateKeyToAccount> {
  if (account) return account;
  let key = storedKey();
  if (key === null) {
    key = generatePrivateKey();
    localStorage.setItem(STORED, key);
  }
  account = privateKeyToAccount(key);
  return account;
}
