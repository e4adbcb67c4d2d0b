/** Being paid without the operator: a withdrawal, proved against a root that stands on its chain. Anyone may send it. */
import { encodeFunctionData } from "viem";
import { get } from "../api/rest";
import type { NetworkChain, ProofView, WithdrawalView } from "../api/types";
import { type Step, contractOf } from "../chain/actions";
import { CUSTODY } from "../chain/contracts";
import { ATTEMPTS_MAX, Overtaken, settledBatch } from "./verification";

/** The transaction that pays a withdrawal out; waits until the block of its newest proof is settled. */
export async function payoutStep(chain: NetworkChain, withdrawal: WithdrawalView, signal: AbortSignal): Promise<Step> {
  for (let attempt = 1; ; attempt++) {
    const proof = await get<ProofView>(`/v1/withdrawals/${withdrawal.withdrawal_id}/proof`, signal);
    try {
      const batch = await settledBatch(chain.chain_id, BigInt(proof.block), signal);
      return { words: "Take the withdrawal", to: contractOf(chain, "Custody"), data: payoutData(BigInt(batch.index), withdrawal, proof) };
    } catch (error) {
      if (!(error instanceof Overtaken) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

function payoutData(index: bigint, withdrawal: WithdrawalView, proof: ProofView): `0x${string}` {
  const leaf = {
    id: BigInt(withdrawal.withdrawal_id),
    chainId: BigInt(withdrawal.chain_id),
    token: withdrawal.token,
    owner: proof.owner,
    recipient: withdrawal.recipient,
    amount: BigInt(withdrawal.amount),
  };
  return encodeFunctionData({ abi: CUSTODY, functionName: "withdraw", args: [index, leaf, proof.siblings] });
}
