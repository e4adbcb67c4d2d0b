/** What the console does on a chain with the user's wallet: each step is one transaction, told as it goes. */
import { type Address, type Hex, encodeFunctionData } from "viem";
import type { NetworkChain } from "../api/types";
import { type ConnectedWallet, sendTransaction } from "../wallet/connection";
import { CUSTODY, ERC20, FAUCET } from "./contracts";
import { ChainProblem, read, receiptOf } from "./rpc";

/** A transaction to send, with words for the user. */
export interface Step {
  readonly words: string;
  readonly to: Address;
  readonly data: Hex;
}

function rpcOf(chain: NetworkChain): string {
  if (chain.rpc_url === null) throw new ChainProblem(`No node of chain ${chain.chain_id} is known to this page`);
  return chain.rpc_url;
}

export function contractOf(chain: NetworkChain, name: string): Address {
  const address = chain.contracts[name];
  if (address === undefined) throw new ChainProblem(`${name} is not deployed on chain ${chain.chain_id}`);
  return address;
}

/** Sends steps one after another; each must be in a block before the next. */
export async function carryOut(connected: ConnectedWallet, chain: NetworkChain, steps: readonly Step[], tell: (words: string) => void): Promise<void> {
  for (const step of steps) {
    tell(step.words);
    const hash = await sendTransaction(connected, { chainId: chain.chain_id, name: chain.name, rpcUrl: chain.rpc_url }, step.to, step.data);
    const receipt = await receiptOf(rpcOf(chain), hash);
    if (receipt.status === "reverted") throw new ChainProblem(`${step.words}: the chain refused it (${hash})`);
  }
}

export async function tokenBalance(chain: NetworkChain, token: Address, owner: Address): Promise<bigint> {
  return (await read(rpcOf(chain), { address: token, abi: ERC20, name: "balanceOf", args: [owner] })) as bigint;
}

/** The approval that a contract needs to take an amount, if it has less. */
export async function approvalFor(chain: NetworkChain, token: Address, owner: Address, spender: Address, amount: bigint, symbol: string): Promise<Step[]> {
  const allowed = (await read(rpcOf(chain), { address: token, abi: ERC20, name: "allowance", args: [owner, spender] })) as bigint;
  if (allowed >= amount) return [];
  const data = encodeFunctionData({ abi: ERC20, functionName: "approve", args: [spender, amount] });
  return [{ words: `Allow ${symbol} to be taken`, to: token, data }];
}

export async function depositSteps(chain: NetworkChain, token: Address, amount: bigint, owner: Address, symbol: string): Promise<Step[]> {
  const custody = contractOf(chain, "Custody");
  const data = encodeFunctionData({ abi: CUSTODY, functionName: "deposit", args: [token, amount, owner] });
  return [...(await approvalFor(chain, token, owner, custody, amount, symbol)), { words: `Deposit ${symbol}`, to: custody, data }];
}

/** Test dollars of the local network: its token gives them to anyone. */
export function faucetStep(token: Address, to: Address, amount: bigint): Step {
  return { words: "Take test dollars", to: token, data: encodeFunctionData({ abi: FAUCET, functionName: "faucet", args: [to, amount] }) };
}
