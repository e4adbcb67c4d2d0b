import type { ReactElement } from "react";
import { Link } from "wouter";
import { useBatches, useList, useMarkets, useProviders } from "../../api/queries";
import type { MarketView, PegView } from "../../api/types";
import { useTickers } from "../../market/hooks";
import { type Decimal, decimal, divideDown, fromUnits, multiply, subtract } from "../../money/decimal";
import { basisPoints, brief, fixed, grouped, onGrid, reserveRatio, significant, tokens } from "../../money/format";
import { useLiveStatus } from "../../shell/live-state";
import { NotConnected } from "../../shell/wallet-button";
import { Empty, Panel, State, Stats } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Change, ChangeBps, Hash } from "../../ui/values";
import { useAddress } from "../../wallet/hooks";
import { Balances } from "../account/balances";

export function Overview(): ReactElement {
  const address = useAddress();
  return (
    <>
      <SystemStats />
      <div className="grid">
        <MarketsPanel />
        <PegPanel />
        <Panel title="My balances" flush className="span-6" aside={address ? <Link href="/account">Account</Link> : undefined}>
          {address ? <Balances address={address} /> : <NotConnected>What is yours on the exchange appears here.</NotConnected>}
        </Panel>
        <SettlementPanel />
        <ProvidersPanel />
      </div>
    </>
  );
}

function SystemStats(): ReactElement {
  const status = useLiveStatus();
  const supply = status?.supply;
  const cell = (base: string | undefined): string => (base === undefined ? "–" : brief(fromUnits(base, 18)));
  return (
    <Stats
      label="The system now"
      items={[
        { label: "sSTB supply", value: cell(supply?.sstb), note: "redeemable for compute" },
        { label: "Minted", value: cell(supply?.minted), note: "ever" },
        { label: "Redeemed", value: cell(supply?.redeemed), note: "ever" },
        { label: "Staked", value: cell(supply?.staked), note: "by providers" },
        { label: "CU outside a mint", value: supply ? tokens(supply.cu, 18) : "–", note: "always 0 (I1)" },
        { label: "Sequencer head", value: status?.sequence ? grouped(status.sequence) : "–", note: status?.block ? `block ${grouped(status.block)}` : "no data" },
      ]}
    />
  );
}

function MarketsPanel(): ReactElement {
  const { data } = useMarkets();
  const tickers = useTickers();
  const price = (market: MarketView, text: string | null | undefined): string => (text ? onGrid(text, market.price_step) : "–");
  return (
    <Panel title="Markets" flush className="span-7" aside={<Link href="/market">Trade</Link>}>
      <Table
        label="Markets"
        rows={data?.markets.slice(0, 8)}
        rowKey={(market) => market.symbol}
        empty="No market is listed yet"
        columns={[
          { head: "Market", cell: (market) => <Link href={`/market/${encodeURIComponent(market.symbol)}`}>{market.symbol}</Link> },
          { head: "Last", end: true, cell: (market) => price(market, tickers.get(market.symbol)?.last) },
          {
            head: "24 h",
            end: true,
            cell: (market) => {
              const bps = tickers.get(market.symbol)?.change_24h_bps;
              return bps == null ? "–" : <ChangeBps bps={bps} />;
            },
          },
          { head: "Bid", end: true, cell: (market) => price(market, tickers.get(market.symbol)?.best_bid) },
          { head: "Ask", end: true, cell: (market) => price(market, tickers.get(market.symbol)?.best_ask) },
          {
            head: "24 h volume",
            end: true,
            cell: (market) => {
              const volume = tickers.get(market.symbol)?.quote_volume_24h;
              return volume ? brief(decimal(volume)) : "–";
            },
          },
          { head: "State", end: true, cell: (market) => <State name={market.status} tone={market.status === "open" ? "good" : "warn"} /> },
        ]}
      />
    </Panel>
  );
}

const HUNDRED: Decimal = { units: 100n, scale: 0 };

function PegPanel(): ReactElement {
  const { data } = useList<PegView>("/v1/peg");
  const peg = data?.[0];
  return (
    <Panel title="Peg" className="span-5" aside={<Link href="/stability">Stability</Link>}>
      {peg ? (
        <PegFacts peg={peg} />
      ) : (
        <Empty title={data === undefined ? "Loading" : "No peg is kept here yet"}>Pools, targets and reserves are on the Stability page.</Empty>
      )}
    </Panel>
  );
}

function PegFacts({ peg }: { peg: PegView }): ReactElement {
  if (peg.par === null || peg.target === null) return <Empty title="No target yet" />;
  const [par, target] = [fromUnits(peg.par, 18), fromUnits(peg.target, 18)];
  const away = par.units === 0n ? null : multiply(divideDown(subtract(target, par), par, 8), HUNDRED);
  return (
    <dl className="facts">
      <dt>Par</dt>
      <dd>${fixed(par, 4)}</dd>
      <dt>Target</dt>
      <dd>
        ${fixed(target, 6)} {away && <Change value={away} places={3} suffix="%" />}
      </dd>
      {peg.pools.slice(0, 5).map((pool) => (
        <div key={pool.address} style={{ display: "contents" }}>
          <dt>{pool.name}</dt>
          <dd>
            {pool.price === null ? "not open yet" : significant(fromUnits(pool.price, 18), 6)}{" "}
            {pool.deviation !== null && <Change value={{ units: BigInt(pool.deviation), scale: 16 }} places={3} suffix="%" />}
          </dd>
        </div>
      ))}
      {peg.reserve_ratio !== null && (
        <>
          <dt>Reserve ratio</dt>
          <dd>{reserveRatio(peg.reserve_ratio)}</dd>
        </>
      )}
    </dl>
  );
}

function SettlementPanel(): ReactElement {
  const { data } = useBatches();
  return (
    <Panel title="Last settlements" flush className="span-6" aside={<Link href="/proofs">Proofs</Link>}>
      <Table
        label="Last settlements"
        rows={data?.slice(0, 6) ?? data}
        rowKey={(batch) => `${batch.chain_id} ${batch.index}`}
        empty="No batch is settled yet"
        columns={[
          { head: "Chain", cell: (batch) => batch.chain_id },
          { head: "Batch", end: true, cell: (batch) => batch.index },
          { head: "Inputs", end: true, cell: (batch) => `${batch.first_input}–${batch.last_input}` },
          { head: "State root", cell: (batch) => <Hash value={batch.state_root} /> },
          { head: "State", end: true, cell: (batch) => <State name={batch.state} tone={batch.state === "confirmed" ? "good" : "busy"} /> },
        ]}
      />
    </Panel>
  );
}

function ProvidersPanel(): ReactElement {
  const { data } = useProviders();
  return (
    <Panel title="Providers" flush aside={<Link href="/provider">All of it</Link>}>
      <Table
        label="Providers"
        rows={data?.slice(0, 6) ?? data}
        rowKey={(one) => one.address}
        empty={<Empty title="No provider yet">The first proof of compute registers one.</Empty>}
        columns={[
          { head: "Provider", cell: (one) => <Hash value={one.address} /> },
          { head: "Outstanding CU", end: true, cell: (one) => tokens(one.outstanding_cu, 18) },
          { head: "Collateral", end: true, cell: (one) => `$${tokens(one.collateral, 6)}` },
          { head: "Ratio", end: true, cell: (one) => (one.collateral_ratio_bps === null ? "no obligation" : basisPoints(one.collateral_ratio_bps, 1)) },
          { head: "Staked sSTB", end: true, cell: (one) => tokens(one.staked, 18) },
          { head: "State", end: true, cell: (one) => (one.in_liquidation ? <State name="in liquidation" tone="bad" /> : <State name="covered" tone="good" />) },
        ]}
      />
    </Panel>
  );
}
