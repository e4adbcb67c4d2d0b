import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Address, encodeFunctionData } from "viem";
import { useThing } from "../../api/queries";
import type { NetworkChain, NetworkView, ProviderDetail } from "../../api/types";
import { carryOut, contractOf } from "../../chain/actions";
import { REWARDS, STAKING } from "../../chain/contracts";
import { read } from "../../chain/rpc";
import { tokens } from "../../money/format";
import { until } from "../../money/time";
import { NotConnected } from "../../shell/wallet-button";
import { useAction } from "../../ui/action";
import { Empty, Panel, Stats } from "../../ui/panel";
import { Table } from "../../ui/table";
import { tell } from "../../ui/toast";
import { useNow } from "../../ui/values";
import { useAddress, useSession } from "../../wallet/hooks";

type Stake = ProviderDetail["stakes"][number];

/** R = S x T x M: what a stake has earned, and taking it. */
export function Rewards({ network }: { network: NetworkView }): ReactElement {
  const address = useAddress();
  const chain = network.chains.find((one) => one.chain_id === network.primary_chain_id);
  if (!address) return <NotConnected>Stakes and rewards belong to an address.</NotConnected>;
  if (!chain?.rpc_url) return <Empty title="No node is known to this page">Rewards are read from the chain itself.</Empty>;
  return <Earned chain={chain} rpcUrl={chain.rpc_url} address={address} />;
}

function Earned({ chain, rpcUrl, address }: { chain: NetworkChain; rpcUrl: string; address: Address }): ReactElement {
  const { connected } = useSession();
  const [busy, run] = useAction();
  const { data: provider } = useThing<ProviderDetail>(`/v1/providers/${address}`);
  const { data: earned, refetch } = useQuery({
    queryKey: ["rewards", address],
    refetchInterval: 4_000,
    queryFn: async () => {
      const rewards = contractOf(chain, "RewardsDistributor");
      const [accrued, multiplier] = await Promise.all([
        read(rpcUrl, { address: rewards, abi: REWARDS, name: "accruedOf", args: [address] }),
        read(rpcUrl, { address: rewards, abi: REWARDS, name: "multiplier" }),
      ]);
      return { accrued: accrued as bigint, multiplier: multiplier as bigint };
    },
  });
  const act = (words: string, to: Address, data: `0x${string}`): void =>
    run(async () => {
      if (!connected) return;
      await carryOut(connected, chain, [{ words, to, data }], () => undefined);
      tell(`${words}: done`, "good");
      await refetch();
    });
  const claim = (): void => act("Claim", contractOf(chain, "RewardsDistributor"), encodeFunctionData({ abi: REWARDS, functionName: "claim" }));
  const unstake = (stake: Stake): void =>
    act("Unstake", contractOf(chain, "ProviderStaking"), encodeFunctionData({ abi: STAKING, functionName: "unstake", args: [BigInt(stake.stake_id)] }));
  return (
    <>
      <Stats
        label="Rewards"
        items={[
          { label: "Earned, not yet taken", value: earned ? `${tokens(earned.accrued, 18, 6)} rSTB` : "–", note: "read from the chain" },
          { label: "Staked", value: provider ? `${tokens(provider.provider.staked, 18)} sSTB` : "–" },
          { label: "Multiplier", value: earned ? tokens(earned.multiplier, 18, 12) : "–", note: "rSTB per sSTB and second" },
        ]}
      />
      <Panel
        title="Stakes"
        flush
        aside={
          <button type="button" className="button small" disabled={busy || !connected || !earned || earned.accrued === 0n} onClick={claim}>
            Claim rewards
          </button>
        }
      >
        <Stakes stakes={provider === null ? [] : provider?.stakes} busy={busy || !connected} unstake={unstake} />
      </Panel>
    </>
  );
}

function Stakes({ stakes, busy, unstake }: { stakes: Stake[] | undefined; busy: boolean; unstake: (stake: Stake) => void }): ReactElement {
  const now = useNow();
  return (
    <Table
      label="Stakes"
      rows={stakes}
      rowKey={(stake) => stake.stake_id}
      empty={<Empty title="No stake">Minted sSTB is staked by itself.</Empty>}
      columns={[
        { head: "No.", cell: (stake) => stake.stake_id },
        { head: "sSTB", end: true, cell: (stake) => tokens(stake.amount, 18) },
        { head: "Unlocks", end: true, cell: (stake) => (stake.unstaked ? "taken out" : until(Number(stake.unlocks_at) * 1000, now)) },
        {
          head: "",
          end: true,
          cell: (stake) => (
            <button type="button" className="button small" disabled={busy || stake.unstaked || Number(stake.unlocks_at) * 1000 > now} onClick={() => unstake(stake)} aria-label={`Unstake ${stake.stake_id}`}>
              Unstake
            </button>
          ),
        },
      ]}
    />
  );
}
