import { useQueryClient } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useAccount, useNetwork } from "../../api/queries";
import type { DepositView, Markets, WithdrawalView } from "../../api/types";
import { carryOut } from "../../chain/actions";
import { tokens } from "../../money/format";
import { useAction } from "../../ui/action";
import { Empty, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { tell } from "../../ui/toast";
import { Hash } from "../../ui/values";
import { useSession } from "../../wallet/hooks";

function decimalsOf(markets: Markets, chain: number, token: string): number {
  const asset = markets.assets.find((one) => one.chain_id === chain && one.token.toLowerCase() === token.toLowerCase());
  return asset?.decimals ?? 18;
}

/** A keeper pays what is settled; whoever does not want to wait for it, or cannot, takes it with the proof. */
function TakeButton({ withdrawal, address }: { withdrawal: WithdrawalView; address: string }): ReactElement {
  const { connected } = useSession();
  const { data: network } = useNetwork();
  const [busy, run] = useAction();
  const queries = useQueryClient();
  const chain = network?.chains.find((one) => one.chain_id === withdrawal.chain_id);
  if (!connected || !chain?.rpc_url) return <>–</>;
  const take = (): void =>
    run(async () => {
      const { payoutStep } = await import("../../proof/payout");
      const step = await payoutStep(chain, withdrawal, new AbortController().signal);
      await carryOut(connected, chain, [step], () => undefined);
      tell(`Withdrawal ${withdrawal.withdrawal_id} is paid out against the root on chain ${chain.chain_id}`, "good");
      await queries.invalidateQueries({ queryKey: ["thing", `/v1/accounts/${address}`] });
    });
  return (
    <button type="button" className="button small" disabled={busy} onClick={take} aria-label={`Take withdrawal ${withdrawal.withdrawal_id} yourself`}>
      {busy ? "Proving…" : "Take it yourself"}
    </button>
  );
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
              { head: "Transaction", end: true, cell: (one) => (one.paid_tx ? <Hash value={one.paid_tx} /> : one.state === "settled" ? <TakeButton withdrawal={one} address={address} /> : "–") },
            ]}
          />
        )}
      </Panel>
    </div>
  );
}
