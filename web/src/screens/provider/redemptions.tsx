import { type ReactElement, useState } from "react";
import { encodeFunctionData } from "viem";
import { useRedemptions } from "../../api/queries";
import type { NetworkChain, NetworkView, RedemptionView } from "../../api/types";
import { carryOut, contractOf } from "../../chain/actions";
import { REDEMPTION } from "../../chain/contracts";
import { tokens } from "../../money/format";
import { until } from "../../money/time";
import { useAction } from "../../ui/action";
import { Empty, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { tell } from "../../ui/toast";
import { Hash, useNow } from "../../ui/values";
import { useAddress, useSession } from "../../wallet/hooks";
import { RedeemForm } from "./redeem-form";

/** sSTB burned for jobs: asking, accepting, disputing. */
export function Redemptions({ network }: { network: NetworkView }): ReactElement {
  const chain = network.chains.find((one) => one.chain_id === network.primary_chain_id);
  const [asking, setAsking] = useState(false);
  return (
    <div className="stack">
      {asking && chain && (
        <Panel title="Redeem sSTB for compute">
          <RedeemForm network={network} chain={chain} onDone={() => setAsking(false)} />
        </Panel>
      )}
      <Panel
        title="Redemptions"
        flush
        aside={
          <button type="button" className="button small" onClick={() => setAsking((before) => !before)}>
            {asking ? "Close the form" : "Redeem sSTB"}
          </button>
        }
      >
        {chain && <List chain={chain} />}
      </Panel>
    </div>
  );
}

function List({ chain }: { chain: NetworkChain }): ReactElement {
  const { data } = useRedemptions();
  const now = useNow();
  return (
    <Table
      label="Redemptions"
      rows={data}
      rowKey={(one) => one.redemption_id}
      empty={<Empty title="No redemption yet">Whoever holds sSTB can redeem it for real compute.</Empty>}
      columns={[
        { head: "No.", cell: (one) => one.redemption_id },
        { head: "State", cell: (one) => <State name={one.state} /> },
        { head: "Amount", end: true, cell: (one) => `${tokens(one.amount, 18)} sSTB` },
        { head: "Tier", cell: (one) => one.tier },
        { head: "Buyer", cell: (one) => <Hash value={one.buyer} /> },
        { head: "Provider", cell: (one) => <Hash value={one.provider} /> },
        { head: "Deadline", end: true, cell: (one) => (one.deadline === "0" ? "–" : until(Number(one.deadline) * 1000, now)) },
        { head: "", end: true, cell: (one) => <Actions chain={chain} redemption={one} now={now} /> },
      ]}
    />
  );
}

type Act = "confirm" | "dispute" | "expire" | "withdraw";

const WORDS: Readonly<Record<Act, string>> = { confirm: "Accept", dispute: "Dispute", expire: "Claim compensation", withdraw: "Take back" };

function actsOf(redemption: RedemptionView, mine: boolean, now: number): Act[] {
  if (redemption.state === "delivered" && mine) return ["confirm", "dispute"];
  if (redemption.state === "disputed" && mine) return ["confirm"];
  if (redemption.state === "queued" && mine) return ["withdraw"];
  if (redemption.state === "requested" && Number(redemption.deadline) * 1000 < now) return ["expire"];
  return [];
}

function Actions({ chain, redemption, now }: { chain: NetworkChain; redemption: RedemptionView; now: number }): ReactElement {
  const { connected } = useSession();
  const address = useAddress();
  const [busy, run] = useAction();
  const mine = address !== null && redemption.buyer.toLowerCase() === address.toLowerCase();
  const act = (name: Act): void =>
    run(async () => {
      if (!connected) return;
      const data = encodeFunctionData({ abi: REDEMPTION, functionName: name, args: [BigInt(redemption.redemption_id)] });
      await carryOut(connected, chain, [{ words: WORDS[name], to: contractOf(chain, "Redemption"), data }], () => undefined);
      tell(`Redemption ${redemption.redemption_id}: ${WORDS[name].toLowerCase()}, done`, "good");
    });
  return (
    <span className="row" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
      {actsOf(redemption, mine, now).map((name) => (
        <button key={name} type="button" className="button small" disabled={busy || !connected} onClick={() => act(name)}>
          {WORDS[name]}
        </button>
      ))}
    </span>
  );
}
