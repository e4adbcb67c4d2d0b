/**
 * Is my balance in a root that stands on the chain? Everything is recomputed here from the leaf upwards; the exchange is
 * believed in nothing but the account's number, which is part of the leaf and so is checked with it.
 */
import { type Address, type Hex, decodeFunctionData, isHex } from "viem";
import { getPage } from "../api/queries";
import { get } from "../api/rest";
import type { AccountView, BatchView, NetworkChain, NetworkView, ProofView, StatusView } from "../api/types";
import { contractOf } from "../chain/actions";
import { CUSTODY } from "../chain/contracts";
import { call, read } from "../chain/rpc";
import { balanceLeaf, rootOf, stateRoot } from "./merkle";

export type StepState = "waiting" | "good" | "bad";

export interface CheckStep {
  readonly name: string;
  readonly state: StepState;
  readonly detail: string;
}

const NAMES = ["Leaf", "Balances root", "Batch on chain", "State root"] as const;
const PAUSE_MS = 1_500;
const PATIENCE_MS = 180_000;
const SEAL_PATIENCE_MS = 60_000;
/** A busy exchange seals the next block before the last is settled: then the newer one is proved. */
export const ATTEMPTS_MAX = 5;

export class Unproven extends Error {
  constructor(
    readonly step: number,
    message: string,
  ) {
    super(message);
  }
}

/** The proof's block has no batch of its own: a later one settled it with its successors. */
export class Overtaken extends Unproven {}

/** Checks one balance and tells each step as it is known. Throws `Unproven` at the first that does not hold. */
export async function verifyBalance(network: NetworkView, owner: Address, asset: number, tell: (steps: CheckStep[]) => void, signal: AbortSignal): Promise<void> {
  const steps: CheckStep[] = NAMES.map((name) => ({ name, state: "waiting", detail: "" }));
  const done = (index: number, state: StepState, detail: string): void => {
    steps[index] = { name: NAMES[index] ?? "", state, detail };
    tell([...steps]);
  };
  tell([...steps]);
  try {
    await untilSealed(done, signal);
    for (let attempt = 1; !(await checked(attempt, () => check(network, owner, asset, done, signal))); attempt++);
  } catch (error) {
    if (error instanceof Unproven) done(error.step, "bad", error.message);
    else throw error;
  }
}

/** Whether it was checked; not if the proof was overtaken and there are attempts left. */
async function checked(attempt: number, once: () => Promise<void>): Promise<boolean> {
  try {
    await once();
    return true;
  } catch (error) {
    if (error instanceof Overtaken && attempt < ATTEMPTS_MAX) return false;
    throw error;
  }
}

/** Proofs are of sealed blocks: waits until one holds everything that has happened up to now. */
async function untilSealed(done: Done, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + SEAL_PATIENCE_MS;
  const now = BigInt((await get<StatusView>("/v1/status", signal)).sequence ?? "0");
  while (Date.now() < deadline) {
    const { sealed_sequence: sealed } = await get<StatusView>("/v1/status", signal);
    if (sealed !== null && BigInt(sealed) >= now) return;
    done(0, "waiting", `Waiting until everything up to input ${now.toString()} is in a sealed block`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

type Done = (index: number, state: StepState, detail: string) => void;

async function check(network: NetworkView, owner: Address, asset: number, done: Done, signal: AbortSignal): Promise<void> {
  const account = await get<AccountView>(`/v1/accounts/${owner}`, signal);
  const proof = await get<ProofView>(`/v1/accounts/${owner}/balances/${asset}/proof`, signal);
  const leaf = balanceLeaf({ owner, account: account.account ?? 0, chainId: proof.chain_id, token: proof.token, amount: BigInt(proof.amount) });
  if (leaf !== proof.leaf) throw new Unproven(0, `The leaf of this balance is ${leaf}, the exchange says ${proof.leaf}`);
  done(0, "good", leaf);
  const root = rootOf(leaf, BigInt(proof.index), proof.siblings);
  if (root !== proof.root) throw new Unproven(1, `The siblings lead to ${root}, the exchange says ${proof.root}`);
  done(1, "good", `${root}, over ${proof.siblings.length} levels, block ${proof.block}`);
  const chain = network.chains.find((one) => one.chain_id === network.primary_chain_id);
  if (!chain?.rpc_url) throw new Unproven(2, "No node of the primary chain is known to this page: compare the root yourself");
  done(2, "waiting", `Waiting until block ${proof.block} is settled on chain ${chain.chain_id}`);
  const batch = await settledBatch(chain.chain_id, BigInt(proof.block), signal);
  await compareWithChain(chain, batch, root, done);
}

/** The batch that ends with the proof's block: settlement follows sealing by some seconds. */
export async function settledBatch(chainId: number, block: bigint, signal: AbortSignal): Promise<BatchView> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { items } = await getPage<BatchView>(`/v1/batches?chain_id=${chainId}&limit=100`, signal);
    const own = items.filter((batch) => batch.chain_id === chainId);
    const found = own.find((batch) => BigInt(batch.block) === block);
    if (found) return found;
    if (own.some((batch) => BigInt(batch.block) > block)) throw new Overtaken(2, `No batch ends with block ${block.toString()}, and later ones are settled: check again`);
    if (Date.now() > deadline) throw new Unproven(2, `Block ${block.toString()} is not settled yet: check again in a minute`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function compareWithChain(chain: NetworkChain, batch: BatchView, balancesRoot: Hex, done: Done): Promise<void> {
  const rpcUrl = chain.rpc_url ?? "";
  const custody = contractOf(chain, "Custody");
  const posted = await postedBatch(rpcUrl, batch.tx_hash, custody);
  if (posted.balancesRoot !== balancesRoot) throw new Unproven(2, `The batch on chain has the balances root ${posted.balancesRoot}`);
  done(2, "good", `Batch ${batch.index} on chain ${chain.chain_id} has the same balances root`);
  const computed = stateRoot(posted);
  const kept = (await read(rpcUrl, { address: custody, abi: CUSTODY, name: "stateRootOf", args: [BigInt(batch.index)] })) as Hex;
  if (computed !== kept) throw new Unproven(3, `Its parts give ${computed}, Custody keeps ${kept}`);
  done(3, "good", `${kept}, kept by Custody on chain ${chain.chain_id}`);
}

type PostedBatch = Parameters<typeof stateRoot>[0];

/** What the settlement transaction itself carries, read from the chain. */
async function postedBatch(rpcUrl: string, hash: Hex, custody: Address): Promise<PostedBatch> {
  const transaction = (await call(rpcUrl, "eth_getTransactionByHash", [hash])) as { to: string | null; input: unknown } | null;
  if (!transaction || !isHex(transaction.input)) throw new Unproven(2, `The chain knows no transaction ${hash}`);
  if (transaction.to?.toLowerCase() !== custody.toLowerCase()) throw new Unproven(2, `The transaction ${hash} does not go to Custody`);
  const decoded = decodeFunctionData({ abi: CUSTODY, data: transaction.input });
  if (decoded.functionName !== "settle") throw new Unproven(2, `The transaction ${hash} settles nothing`);
  return decoded.args[0];
}
