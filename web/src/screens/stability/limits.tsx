import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useNetwork } from "../../api/queries";
import type { NetworkChain, PegView } from "../../api/types";
import { contractOf } from "../../chain/actions";
import { STABILIZER_POLICY } from "../../chain/contracts";
import { ChainProblem, read } from "../../chain/rpc";
import { fromUnits } from "../../money/decimal";
import { brief, wadPercent } from "../../money/format";
import { Panel } from "../../ui/panel";
import { Table } from "../../ui/table";
import { decimalsOfSymbol } from "./pools";

/** As `StabilizerLimits` in the contracts: shares in wad, amounts in units of the pool's quote token. */
interface LimitsView {
  readonly threshold: bigint;
  readonly sustainedBlocks: number;
  readonly intervalBlocks: number;
  readonly flowMax: bigint;
  readonly slippage: bigint;
}

interface Limited {
  readonly pool: PegView["pools"][number];
  readonly limits: LimitsView;
}

/** Of the primary chain's pools; the other chains' are set alike. */
export function Limits({ pegs }: { pegs: readonly PegView[] }): ReactElement {
  const { data: network } = useNetwork();
  const chain = network?.chains.find((one) => one.chain_id === network.primary_chain_id && one.rpc_url !== null);
  const pools = pegs.find((peg) => peg.chain_id === chain?.chain_id)?.pools ?? [];
  const { data } = useQuery({
    queryKey: ["stabiliser-limits", chain?.chain_id, pools.map((pool) => pool.address)],
    enabled: chain !== undefined && pools.length > 0,
    staleTime: 60_000,
    queryFn: () => (chain ? limitsOf(chain, pools) : []),
  });
  const amount = ({ pool }: Limited, units: bigint): string => {
    const quote = pool.name.split("/")[1] ?? "";
    return `${brief(fromUnits(units, decimalsOfSymbol(quote)))} ${quote}`;
  };
  return (
    <Panel title="Its limits" flush aside={chain ? `read from the contract on chain ${chain.chain_id}` : undefined}>
      <p className="soft" style={{ padding: "0.75rem 1rem 0.25rem" }}>
        It acts only on an average that has been away from its target for blocks on end, and never beyond these limits, whatever its caller asks for.
      </p>
      {data && data.length > 0 && (
        <Table
          label="Limits of the stabiliser"
          rows={data}
          rowKey={({ pool }) => pool.address}
          empty="No pool is stabilised yet"
          columns={[
            { head: "Pool", cell: ({ pool }) => pool.name },
            { head: "Left alone up to", end: true, cell: ({ limits }) => `±${wadPercent(limits.threshold, 2)}` },
            { head: "Acts after", end: true, cell: ({ limits }) => blocks(limits.sustainedBlocks) },
            { head: "Between two actions", end: true, cell: ({ limits }) => blocks(limits.intervalBlocks) },
            { head: "Cap, refilled with time", end: true, cell: (row) => amount(row, row.limits.flowMax) },
            { head: "Slippage at most", end: true, cell: ({ limits }) => wadPercent(limits.slippage, 2) },
          ]}
        />
      )}
    </Panel>
  );
}

const blocks = (count: number): string => `${count} block${count === 1 ? "" : "s"}`;

async function limitsOf(chain: NetworkChain, pools: PegView["pools"]): Promise<Limited[]> {
  const policy = contractOf(chain, "StabilizerPolicy");
  const found = await Promise.all(
    pools.map(async (pool) => {
      try {
        const limits = (await read(chain.rpc_url ?? "", { address: policy, abi: STABILIZER_POLICY, name: "limitsOf", args: [pool.address] })) as LimitsView;
        return limits.threshold === 0n ? null : { pool, limits };
      } catch (error) {
        // A pool that is not stabilised.
        if (error instanceof ChainProblem) return null;
        throw error;
      }
    }),
  );
  return found.filter((one) => one !== null);
}
