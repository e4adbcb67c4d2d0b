import type { ReactElement } from "react";
import { NOT_HEARD } from "../../api/feeds";
import { useAccount, useBatches, useClaims, useMarkets, useRedemptions } from "../../api/queries";
import { useTape } from "../../market/hooks";
import { tokens } from "../../money/format";
import { clock, fromNanoseconds } from "../../money/time";
import { NotConnected } from "../../shell/wallet-button";
import { Empty, Loading, Panel, State } from "../../ui/panel";
import { Hash, SideWord } from "../../ui/values";
import { useAddress } from "../../wallet/hooks";

/** What has happened lately: trades, redemptions, claims, settlements, and what is mine among it. */
export function Activity(): ReactElement {
  const { data: markets } = useMarkets();
  const first = markets?.markets[0]?.symbol;
  return (
    <div className="grid">
      {first && <Trades symbol={first} />}
      <Mine />
      <Redemptions />
      <Claims />
      <Batches />
    </div>
  );
}

function Trades({ symbol }: { symbol: string }): ReactElement {
  const tape = useTape(symbol);
  const trades = tape.slice(0, 12);
  return (
    <Panel title={`Trades in ${symbol}`} flush className="span-6">
      {tape === NOT_HEARD ? (
        <Loading />
      ) : trades.length === 0 ? (
        <Empty title="No trade yet" />
      ) : (
        <ul className="timeline">
          {trades.map((trade) => (
            <li key={trade.trade_id}>
              <span className="faint">{clock(fromNanoseconds(trade.at))}</span>
              <span>
                <SideWord side={trade.side} /> {trade.quantity}
              </span>
              <span>{trade.price}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Mine(): ReactElement {
  const address = useAddress();
  const { data } = useAccount(address);
  const rows = [
    ...(data?.deposits ?? []).map((one) => ({ key: `d${one.chain_id}.${one.ordinal}`, what: `Deposit of ${one.symbol}`, state: one.state, where: `chain ${one.chain_id}` })),
    ...(data?.withdrawals ?? []).map((one) => ({ key: `w${one.withdrawal_id}`, what: `Withdrawal of ${one.symbol}`, state: one.state, where: `chain ${one.chain_id}` })),
    ...(data?.open_orders ?? []).map((one) => ({ key: `o${one.order_id}`, what: `Order ${one.order_id}: ${one.side} ${one.remaining} at ${one.price}`, state: one.state, where: one.market })),
  ].slice(0, 12);
  return (
    <Panel title="Mine" flush className="span-6">
      {address === null ? (
        <NotConnected>Your deposits, withdrawals and orders appear here.</NotConnected>
      ) : rows.length === 0 ? (
        <Empty title="Nothing yet" />
      ) : (
        <ul className="timeline">
          {rows.map((row) => (
            <li key={row.key}>
              <span className="faint">{row.where}</span>
              <span>{row.what}</span>
              <State name={row.state} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Redemptions(): ReactElement {
  const { data } = useRedemptions();
  return (
    <Panel title="Redemptions" flush className="span-4">
      {data === undefined ? (
        <Loading />
      ) : !data?.length ? (
        <Empty title="No redemption yet" />
      ) : (
        <ul className="timeline">
          {data.slice(0, 8).map((one) => (
            <li key={one.redemption_id}>
              <span className="faint">No. {one.redemption_id}</span>
              <span>{tokens(one.amount, 18)} sSTB</span>
              <State name={one.state} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Claims(): ReactElement {
  const { data } = useClaims();
  return (
    <Panel title="Claims of compute" flush className="span-4">
      {data === undefined ? (
        <Loading />
      ) : !data?.length ? (
        <Empty title="No claim yet" />
      ) : (
        <ul className="timeline">
          {data.slice(0, 8).map((one) => (
            <li key={one.claim_id}>
              <span className="faint">No. {one.claim_id}</span>
              <span>{tokens(one.cu, 18)} CU</span>
              <State name={one.state} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Batches(): ReactElement {
  const { data } = useBatches();
  return (
    <Panel title="Settlements" flush className="span-4">
      {data === undefined ? (
        <Loading />
      ) : !data?.length ? (
        <Empty title="No batch yet" />
      ) : (
        <ul className="timeline">
          {data.slice(0, 8).map((one) => (
            <li key={`${one.chain_id} ${one.index}`}>
              <span className="faint">{one.chain_id}</span>
              <Hash value={one.state_root} />
              <State name={one.state} tone={one.state === "confirmed" ? "good" : "busy"} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
