import type { ReactElement } from "react";
import { useAccount } from "../../api/queries";
import type { DepositView, Markets, WithdrawalView } from "../../api/types";
import { tokens } from "../../money/format";
import { Empty, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash } from "../../ui/values";

function decimalsOf(markets: Markets, chain: number, token: string): number {
  const asset = markets.assets.find((one) => one.chain_id === chain && one.token.toLowerCase() === token.toLowerCase());
  return asset?.decimals ?? 18;
}

const INDEX_DOWN = <Empty title="The index does not answer">Deposits and withdrawals are safe; they are shown again when it is back.</Empty>;

/** What came in and went out, with how far each is. */
export function Movements({ address, markets }: { address: string; markets: Markets }): ReactElement {
  const { data: account } = useAccount(address);
  return (
    <div className="grid">
      <Panel title="Deposits" flush className="span-6">
        {account?.deposits === null ? (
          INDEX_DOWN
        ) : (
          <Table<DepositView>
            label="Deposits"
            rows={account === null ? [] : account?.deposits}
            rowKey={(deposit) => `${deposit.chain_id} ${deposit.ordinal}`}
            empty="No deposits yet"
            columns={[
              { head: "Amount", cell: (one) => `${tokens(one.amount, decimalsOf(markets, one.chain_id, one.token), 6)} ${one.symbol}` },
              { head: "Chain", cell: (one) => one.chain_id },
              { head: "State", cell: (one) => <State name={one.state} /> },
              { head: "Blocks", end: true, cell: (one) => (one.state === "pending" ? `${one.depth} of ${one.confirmations}` : "–") },
              { head: "Transaction", end: true, cell: (one) => <Hash value={one.tx_hash} /> },
            ]}
          />
        )}
      </Panel>
      <Panel title="Withdrawals" flush className="span-6">
        {account?.withdrawals === null ? (
          INDEX_DOWN
        ) : (
          <Table<WithdrawalView>
            label="Withdrawals"
            rows={account === null ? [] : account?.withdrawals}
            rowKey={(withdrawal) => withdrawal.withdrawal_id}
            empty="No withdrawals yet"
            columns={[
              { head: "Amount", cell: (one) => `${tokens(one.amount, decimalsOf(markets, one.chain_id, one.token), 6)} ${one.symbol}` },
              { head: "Chain", cell: (one) => one.chain_id },
              { head: "To", cell: (one) => <Hash value={one.recipient} /> },
              { head: "State", cell: (one) => <State name={one.state} /> },
              { head: "Transaction", end: true, cell: (one) => (one.paid_tx ? <Hash value={one.paid_tx} /> : "–") },
            ]}
          />
        )}
      </Panel>
    </div>
  );
}
