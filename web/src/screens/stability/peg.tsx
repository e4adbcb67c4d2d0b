import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { PegView, PriceView } from "../../api/types";
import { type Decimal, divideDown, fromUnits, multiply, subtract } from "../../money/decimal";
import { fixed, grouped, reserveRatio, significant } from "../../money/format";
import { ago } from "../../money/time";
import { Empty, Loading, Panel, State, Stats } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Change, useNow } from "../../ui/values";
import { DeviationBar } from "./deviation-bar";

const HUNDRED: Decimal = { units: 100n, scale: 0 };
/** A deviation of 0.001 % is seen in any of these prices. */
const DIGITS = 6;

export function Peg(): ReactElement {
  const { data, error } = useList<PegView>("/v1/peg");
  if (error) return <Empty title="The peg cannot be read">{error.message}</Empty>;
  if (data === undefined) return <Loading />;
  const [first] = data ?? [];
  if (!data || !first) return <Empty title="No peg is kept here yet">It appears as soon as the pools and their manager are deployed and read.</Empty>;
  return (
    <div className="stack">
      <Target peg={first} />
      <PegPools pegs={data} />
      <Inputs pegs={data} />
      <Prices />
    </div>
  );
}

function awayFromPar(peg: PegView): Decimal | null {
  if (peg.par === null || peg.target === null || peg.par === "0") return null;
  const [par, target] = [fromUnits(peg.par, 18), fromUnits(peg.target, 18)];
  return multiply(divideDown(subtract(target, par), par, 8), HUNDRED);
}

const dollars = (wad: string | null, places: number): string => (wad === null ? "–" : `$${fixed(fromUnits(wad, 18), places)}`);

/** Of the primary chain, where sSTB is issued and redeemed. */
function Target({ peg }: { peg: PegView }): ReactElement {
  const away = awayFromPar(peg);
  return (
    <Stats
      label={`Peg on chain ${peg.chain_id}`}
      items={[
        { label: "Par", value: dollars(peg.par, 4), note: "1 CU" },
        { label: "Target", value: dollars(peg.target, 6), note: away ? <Change value={away} places={3} suffix="% from par" /> : "not computed yet" },
        { label: "Reserve ratio", value: reserveRatio(peg.reserve_ratio), note: "long-term reserves over all sSTB at par" },
        { label: "Target set in block", value: peg.updated_block ? grouped(peg.updated_block) : "–", note: `chain ${peg.chain_id}` },
      ]}
    />
  );
}

function PegPools({ pegs }: { pegs: readonly PegView[] }): ReactElement {
  const rows = pegs.flatMap((peg) => peg.pools.map((pool) => ({ ...pool, chain: peg.chain_id })));
  rows.sort((a, b) => a.name.localeCompare(b.name) || pegs.findIndex((peg) => peg.chain_id === a.chain) - pegs.findIndex((peg) => peg.chain_id === b.chain));
  const price = (wad: string | null): string => (wad === null ? "–" : significant(fromUnits(wad, 18), DIGITS));
  return (
    <Panel title="Pools against their targets" flush aside="the green band is ±0.10 %">
      <Table
        label="Pools against their targets"
        rows={rows}
        rowKey={(pool) => `${pool.chain} ${pool.address}`}
        empty="No pool has a target yet"
        columns={[
          { head: "Pool", cell: (pool) => pool.name },
          { head: "Chain", cell: (pool) => pool.chain },
          { head: "Price", end: true, cell: (pool) => (pool.price === null ? <span className="faint">not open yet</span> : price(pool.price)) },
          { head: "Target", end: true, cell: (pool) => price(pool.target) },
          { head: "Deviation", end: true, cell: (pool) => (pool.deviation === null ? "–" : <Change value={{ units: BigInt(pool.deviation), scale: 16 }} places={3} suffix="%" />) },
          { head: "Where it stands", cell: (pool) => (pool.deviation === null ? null : <DeviationBar deviation={pool.deviation} name={`${pool.name} on chain ${pool.chain}`} />) },
        ]}
      />
    </Panel>
  );
}

/** The peg equation and what goes into it on each chain. */
function Inputs({ pegs }: { pegs: readonly PegView[] }): ReactElement {
  const input = (peg: PegView, name: string): string | null => peg.inputs?.[name] ?? null;
  return (
    <Panel title="What the target is made from" flush>
      <p className="mono soft" style={{ padding: "0.75rem 1rem 0.25rem" }}>
        P = P_CU + k (par − P_CU) + m (P_futures − P_spot) + g (R − R_target)
      </p>
      <Table
        label="What the target is made from"
        rows={pegs}
        rowKey={(peg) => String(peg.chain_id)}
        empty="No peg is kept here yet"
        columns={[
          { head: "Chain", cell: (peg) => peg.chain_id },
          { head: "Compute (P_CU)", end: true, cell: (peg) => dollars(input(peg, "compute"), 6) },
          { head: "Futures", end: true, cell: (peg) => dollars(input(peg, "futures"), 6) },
          { head: "Spot", end: true, cell: (peg) => dollars(input(peg, "spot"), 6) },
          { head: "Reserve ratio (R)", end: true, cell: (peg) => reserveRatio(input(peg, "reserveRatio")) },
          { head: "Target (P)", end: true, cell: (peg) => dollars(peg.target, 6) },
        ]}
      />
    </Panel>
  );
}

/** A feed's price is the same on every chain, or should be: one row each, a column for each chain. */
function Prices(): ReactElement {
  const { data } = useList<PriceView>("/v1/prices");
  const now = useNow();
  const chains = [...new Set((data ?? []).map((price) => price.chain_id))];
  const feeds = [...new Set((data ?? []).map((price) => price.feed))];
  const find = (feed: string, chain: number): PriceView | undefined => data?.find((price) => price.feed === feed && price.chain_id === chain);
  return (
    <Panel title="Oracle" flush aside="median of fresh reports">
      <Table
        label="Oracle prices"
        rows={data === undefined ? undefined : feeds}
        rowKey={(feed) => feed}
        empty="No price is reported yet"
        columns={[{ head: "Feed", cell: (feed: string) => feed }, ...chains.map((chain) => ({ head: `Chain ${chain}`, end: true, cell: (feed: string) => <Price price={find(feed, chain)} now={now} /> }))]}
      />
    </Panel>
  );
}

function Price({ price, now }: { price: PriceView | undefined; now: number }): ReactElement {
  const [value, at] = [price?.price ?? null, price?.updated_at ?? null];
  if (value === null || at === null || at === "0") return <span className="faint">never reported</span>;
  return (
    <span className="row" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
      {price?.stale && <State name="stale" tone="warn" />}
      <span className="faint small">{ago(Number(at) * 1000, now)}</span>
      <span>${significant(fromUnits(value, 18), DIGITS)}</span>
    </span>
  );
}
