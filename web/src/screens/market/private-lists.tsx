import type { ReactElement } from "react";
import { useList, useThing } from "../../api/queries";
import type { FillView, Markets, MarginView, PositionView } from "../../api/types";
import { decimal, fromUnits, sign } from "../../money/decimal";
import { shortest, tokens } from "../../money/format";
import { fromNanoseconds, moment } from "../../money/time";
import { useAction } from "../../ui/action";
import { Empty, Stats } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Change, SideWord } from "../../ui/values";
import { signIn } from "../../wallet/session";

/** Private lists need a session: an address alone does not show them. */
export function SignInFirst({ what }: { what: string }): ReactElement {
  const [busy, run] = useAction();
  return (
    <Empty title={`Sign in to see ${what}`}>
      <button type="button" className="button primary" disabled={busy} onClick={() => run(signIn)}>
        Sign in with your wallet
      </button>
    </Empty>
  );
}

export function Positions({ markets, signedIn }: { markets: Markets; signedIn: boolean }): ReactElement {
  const { data: positions } = useList<PositionView>(signedIn ? "/v1/account/positions" : null, 2_500);
  const { data: margin } = useThing<MarginView>(signedIn ? "/v1/account/margin" : null, 2_500);
  const settlement = markets.assets.find((one) => one.asset === margin?.asset);
  if (!signedIn) return <SignInFirst what="positions and margin" />;
  return (
    <>
      {margin && <Margin margin={margin} markets={markets} />}
      <Table
        label="Positions"
        rows={positions}
        rowKey={(position) => position.market}
        empty={<Empty title="No positions">Futures and options that you hold appear here.</Empty>}
        columns={[
          { head: "Market", cell: (one) => one.market },
          { head: "Side", cell: (one) => <span className={one.side === "long" ? "up" : "down"}>{one.side === "long" ? "▲ Long" : "▼ Short"}</span> },
          { head: "Quantity", end: true, cell: (one) => one.quantity },
          { head: "Entry", end: true, cell: (one) => one.entry_price },
          { head: "Mark", end: true, cell: (one) => one.mark },
          { head: "Unrealised", end: true, cell: (one) => <Change value={fromUnits(one.value, settlement?.decimals ?? 6)} places={2} suffix={` ${settlement?.symbol ?? ""}`} /> },
        ]}
      />
    </>
  );
}

function Margin({ margin, markets }: { margin: MarginView; markets: Markets }): ReactElement {
  const asset = markets.assets.find((one) => one.asset === margin.asset);
  const amount = (base: string): string => `${tokens(base, asset?.decimals ?? 6)} ${asset?.symbol ?? ""}`;
  const items = [
    { label: "Equity", value: amount(margin.equity) },
    { label: "Initial margin", value: amount(margin.initial) },
    { label: "Maintenance", value: amount(margin.maintenance) },
    { label: "Reserved by orders", value: amount(margin.reserves) },
    { label: "Free", value: amount(margin.free) },
  ];
  return <Stats label="Margin" items={margin.debt !== "0" ? [...items, { label: "Debt", value: amount(margin.debt) }] : items} />;
}

export function Fills({ markets, signedIn }: { markets: Markets; signedIn: boolean }): ReactElement {
  const { data } = useList<FillView>(signedIn ? "/v1/account/fills?limit=100" : null);
  if (!signedIn) return <SignInFirst what="your fills" />;
  const symbolOf = (asset: number | string): string => markets.assets.find((one) => one.asset === Number(asset))?.symbol ?? String(asset);
  const decimalsOf = (asset: number | string): number => markets.assets.find((one) => one.asset === Number(asset))?.decimals ?? 0;
  return (
    <Table
      label="Fills"
      rows={data}
      rowKey={(fill) => `${fill.trade_id} ${fill.order_id}`}
      empty="No fills yet"
      columns={[
        { head: "Time", cell: (fill) => moment(fromNanoseconds(fill.at)) },
        { head: "Market", cell: (fill) => fill.market },
        { head: "Side", cell: (fill) => <SideWord side={fill.side} /> },
        { head: "Role", cell: (fill) => fill.role },
        { head: "Price", end: true, cell: (fill) => fill.price },
        { head: "Quantity", end: true, cell: (fill) => shortest(decimal(fill.quantity), 6) },
        { head: "Fee", end: true, cell: (fill) => `${sign(decimal(fill.fee)) === 0 ? "0" : tokens(fill.fee, decimalsOf(fill.fee_asset), 6)} ${symbolOf(fill.fee_asset)}` },
      ]}
    />
  );
}
