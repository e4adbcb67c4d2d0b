import { type Abi, type Address, type Hex, decodeFunctionResult, encodeFunctionData, isHex } from "viem";

/** A node that did not answer, or said no. */
export class ChainProblem extends Error {}

let nextId = 1;

/** One JSON-RPC call straight to a chain's node: what it says is not the exchange's word. */
export async function call(rpcUrl: string, method: string, params: readonly unknown[]): Promise<unknown> {
  let answer: { result?: unknown; error?: { message?: string } };
  try {
    const response = await fetch(rpcUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: nextId++, method, params }),
      signal: AbortSignal.timeout(10_000),
    });
    answer = (await response.json()) as typeof answer;
  } catch {
    throw new ChainProblem(`The node at ${rpcUrl} does not answer`);
  }
  if (answer.error) throw new ChainProblem(answer.error.message ?? `${method} failed`);
  return answer.result;
}

interface Reading {
  readonly address: Address;
  readonly abi: Abi;
  readonly name: string;
  readonly args?: readonly unknown[];
}

/** A view call at the newest block. */
export async function read(rpcUrl: string, reading: Reading): Promise<unknown> {
  const { address, abi, name, args = [] } = reading;
  const data = encodeFunctionData({ abi, functionName: name, args });
  const result = await call(rpcUrl, "eth_call", [{ to: address, data }, "latest"]);
  if (!isHex(result)) throw new ChainProblem(`${name} gave no data`);
  return decodeFunctionResult({ abi, functionName: name, args, data: result });
}

export interface Receipt {
  readonly status: "success" | "reverted";
  readonly hash: Hex;
}

const RECEIPT_PAUSE_MS = 400;
const RECEIPT_PATIENCE_MS = 120_000;

/** Waits until a transaction is in a block. */
export async function receiptOf(rpcUrl: string, hash: Hex): Promise<Receipt> {
  const deadline = Date.now() + RECEIPT_PATIENCE_MS;
  while (Date.now() < deadline) {
    const receipt = (await call(rpcUrl, "eth_getTransactionReceipt", [hash])) as { status: Hex } | null;
    if (receipt) return { status: receipt.status === "0x1" ? "success" : "reverted", hash };
    await new Promise((resolve) => setTimeout(resolve, RECEIPT_PAUSE_MS));
  }
  throw new ChainProblem(`Transaction ${hash} is not in a block yet; look for it in the wallet`);
}
