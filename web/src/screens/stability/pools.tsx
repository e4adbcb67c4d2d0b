import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { PoolToken, PoolView } from "../../api/types";
import { fromUnits } from "../../money/decimal";
import { brief, fixed, significant, wadPercent } from "../../money/format";
import { Empty, Loading, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash, Meter } from "../../ui/values";

/** Tokens of 18 decimals; all others of the network have 6. */
const WAD_TOKENS = new Set(["sSTB", "rSTB", "CU"]);

export const decimalsOfSymbol = (symbol: string): number => (WAD_TOKENS.has(symbol) ? 18 : 6);

export const decimalsOf = (token: PoolToken): number => token.decimals ?? decimalsOfSymbol(token.symbol);

const EXPLAINED = {
  public: "Anyone trades here. The curve is flat around the guide price and steeper away from it; a round trip never gains.",
  mesh: "Private pools, each of one token against gold: A to gold to B is the parity path. Only the stabiliser trades them.",
} as const;

export function Pools({ kind }: { kind: "public" | "mesh" }): ReactElement {
  const { data, error } = useList<PoolView>("/v1/pools");
  if (error) return <Empty title="The pools cannot be read">{error.message}</Empty>;
  if (data === undefined) return <Loading />;
  const pools = (data ?? []).filter((pool) => pool.kind === kind);
  if (pools.length === 0) return <Empty title="No pool is open yet">{EXPLAINED[kind]}</Empty>;
  return (
    <Panel title={kind === "public" ? "Public pools" : "Mesh"} flush>
      <p className="soft" style={{ padding: "0.75rem 1rem 0" }}>
        {EXPLAINED[kind]}
      </p>
      <Table
        label={kind === "public" ? "Public pools" : "Mesh pools"}
        rows={pools}
        rowKey={(pool) => `${pool.chain_id} ${pool.address}`}
        empty="No pool"
        columns={[
          { head: "Pool", cell: (pool) => pool.name },
          { head: "Chain", cell: (pool) => pool.chain_id },
          { head: "Price", end: true, cell: (pool) => (pool.price === null ? "–" : significant(fromUnits(pool.price, 18), 6)) },
          { head: "Base", end: true, cell: (pool) => held(pool.base_reserve, pool.base) },
          { head: "of target", cell: (pool) => <Fill held={pool.base_reserve} target={pool.base_target} name={`${pool.base.symbol} of ${pool.name}`} /> },
          { head: "Quote", end: true, cell: (pool) => held(pool.quote_reserve, pool.quote) },
          { head: "of its target", cell: (pool) => <Fill held={pool.quote_reserve} target={pool.quote_target} name={`${pool.quote.symbol} of ${pool.name}`} /> },
          { head: "Slope k", end: true, cell: (pool) => (pool.slope === null ? "–" : fixed(fromUnits(pool.slope, 18), 4)) },
          { head: "Fee", end: true, cell: (pool) => (pool.fee === null ? "–" : wadPercent(pool.fee, 3)) },
          { head: "State", cell: (pool) => <State name={pool.paused ? "paused" : pool.open ? "open" : "not open"} tone={pool.paused ? "bad" : pool.open ? "good" : "plain"} /> },
          { head: "Contract", end: true, cell: (pool) => <Hash value={pool.address} /> },
        ]}
      />
    </Panel>
  );
}

/** A pool that is not open yet tells no reserves. */
function held(base: string | null, token: PoolToken): string {
  return base === null ? "–" : `${brief(fromUnits(base, decimalsOf(token)))} ${token.symbol}`;
}

/** Half full is exactly at target. */
function Fill({ held, target, name }: { held: string | null; target: string | null; name: string }): ReactElement {
  const whole = BigInt(target ?? "0");
  if (held === null || whole === 0n) return <span className="faint">–</span>;
  const percent = Number((BigInt(held) * 1000n) / whole) / 10;
  return (
    <span className="row" style={{ flexWrap: "nowrap" }}>
      <Meter share={percent / 200} label={`${percent.toFixed(1)} % of the target: ${name}`} />
      <span className="small soft">{percent.toFixed(1)}%</span>
    </span>
  );
}
