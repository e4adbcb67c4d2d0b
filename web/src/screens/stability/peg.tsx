import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { PegView, PriceView } from "../../api/types";
import { type Decimal, divideDown, fromUnits, multiply, subtract } from "../../money/decimal";
import { fixed, reserveRatio } from "../../money/format";
import { ago } from "../../money/time";
import { Empty, Loading, Panel, State, Stats } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Change, useNow } from "../../ui/values";
import { DeviationBar } from "./deviation-bar";

const HUNDRED: Decimal = { units: 100n, scale: 0 };

export function Peg(): ReactElement {
  const { data, error } = useList<PegView>("/v1/peg");
  if (error) return <Empty title="The peg cannot be read">{error.message}</Empty>;
  if (data === undefined) return <Loading />;
  if (!data?.length) return <Empty title="No peg is kept here yet">It appears as soon as the pools and their manager are deployed and read.</Empty>;
  return (
    <div className="stack">
      {data.map((peg) => (
        <ChainPeg key={peg.chain_id} peg={peg} />
      ))}
      <Prices />
    </div>
  );
}

function ChainPeg({ peg }: { peg: PegView }): ReactElement {
  if (peg.par === null || peg.target === null) return <Empty title={`No target on chain ${peg.chain_id} yet`} />;
  const [par, target] = [fromUnits(peg.par, 18), fromUnits(peg.target, 18)];
  const away = par.units === 0n ? null : multiply(divideDown(subtract(target, par), par, 8), HUNDRED);
  return (
    <>
      <Stats
        label={`Peg on chain ${peg.chain_id}`}
        items={[
          { label: "Par", value: `$${fixed(par, 4)}`, note: "1 CU" },
          { label: "Target", value: `$${fixed(target, 6)}`, note: away ? <Change value={away} places={3} suffix="% from par" /> : undefined },
          { label: "Reserve ratio", value: reserveRatio(peg.reserve_ratio) },
          { label: "Target set in block", value: peg.updated_block ?? "–", note: `chain ${peg.chain_id}` },
        ]}
      />
      <Panel title="Pools against their targets" flush aside="the green band is ±0.10 %">
        <Table
          label="Pools against their targets"
          rows={peg.pools}
          rowKey={(pool) => pool.address}
          empty="No pool has a target yet"
          columns={[
            { head: "Pool", cell: (pool) => pool.name },
            { head: "Price", end: true, cell: (pool) => (pool.price === null ? "–" : fixed(fromUnits(pool.price, 18), 6)) },
            { head: "Target", end: true, cell: (pool) => (pool.target === null ? "–" : fixed(fromUnits(pool.target, 18), 6)) },
            { head: "Deviation", end: true, cell: (pool) => (pool.deviation === null ? "–" : <Change value={{ units: BigInt(pool.deviation), scale: 16 }} places={3} suffix="%" />) },
            { head: "Where it stands", cell: (pool) => (pool.deviation === null ? null : <DeviationBar deviation={pool.deviation} name={pool.name} />) },
          ]}
        />
      </Panel>
      {peg.inputs && <Inputs inputs={peg.inputs} />}
    </>
  );
}

const INPUT_NAMES: Readonly<Record<string, string>> = {
  compute: "Price of compute (P_CU)",
  futures: "Futures price",
  spot: "Spot price",
  reserveRatio: "Reserve ratio (R)",
};

function Inputs({ inputs }: { inputs: Record<string, string> }): ReactElement {
  return (
    <Panel title="What the target is made from">
      <p className="mono soft">P = P_CU + k (par − P_CU) + m (P_futures − P_spot) + g (R − R_target)</p>
      <dl className="facts" style={{ maxWidth: "32rem", marginTop: "1rem" }}>
        {Object.entries(inputs).map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{INPUT_NAMES[name] ?? name.replaceAll("_", " ")}</dt>
            <dd>{name === "reserveRatio" ? reserveRatio(value) : `$${fixed(fromUnits(value, 18), 6)}`}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function Prices(): ReactElement {
  const { data } = useList<PriceView>("/v1/prices");
  const now = useNow();
  return (
    <Panel title="Oracle" flush aside="median of fresh reports">
      <Table
        label="Oracle prices"
        rows={data}
        rowKey={(price) => `${price.chain_id} ${price.feed}`}
        empty="No price is reported yet"
        columns={[
          { head: "Feed", cell: (price) => price.feed },
          { head: "Chain", cell: (price) => price.chain_id },
          { head: "Price", end: true, cell: (price) => (price.price === null ? "–" : `$${fixed(fromUnits(price.price, 18), 6)}`) },
          { head: "Reported", end: true, cell: (price) => (price.updated_at === null || price.updated_at === "0" ? "never" : ago(Number(price.updated_at) * 1000, now)) },
          { head: "State", end: true, cell: (price) => <State name={price.stale ? "stale" : "fresh"} tone={price.stale ? "warn" : "good"} /> },
        ]}
      />
    </Panel>
  );
}
