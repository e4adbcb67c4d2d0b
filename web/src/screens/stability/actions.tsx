import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { ChainEventView, PegView } from "../../api/types";
import { fromUnits } from "../../money/decimal";
import { shortHash, shortest } from "../../money/format";
import { moment } from "../../money/time";
import { Empty, Panel } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash } from "../../ui/values";
import { Limits } from "./limits";
import { decimalsOfSymbol } from "./pools";

/** What the stabiliser may do, read from its contract, and what it did, from its own events. */
export function Actions(): ReactElement {
  const { data } = useList<ChainEventView>("/v1/events?contract=Stabilizer&limit=100");
  const { data: pegs } = useList<PegView>("/v1/peg");
  return (
    <div className="stack">
      <Limits pegs={pegs ?? []} />
      <Panel title="Actions" flush>
        <Table
          label="Actions of the stabiliser"
          rows={data}
          rowKey={(one) => `${one.chain_id} ${one.block} ${one.log_index}`}
          empty={<Empty title="It has not had to act yet">No average has been away from its target for long enough.</Empty>}
          columns={[
            { head: "Time", cell: (one) => moment(Number(one.at) * 1000) },
            { head: "Chain", cell: (one) => one.chain_id },
            { head: "Block", end: true, cell: (one) => one.block },
            { head: "What", cell: (one) => NAMES[one.event] ?? one.event },
            { head: "How", cell: (one) => inWords(one, pegs ?? []) },
            { head: "Transaction", end: true, cell: (one) => <Hash value={one.tx_hash} /> },
          ]}
        />
      </Panel>
    </div>
  );
}

const NAMES: Readonly<Record<string, string>> = { Stabilised: "Stabilised", PrivateSwap: "Swapped in the mesh", Triangulated: "Triangulated" };

/** A trade in its pool's tokens; anything else by its values as they are. */
function inWords({ args, chain_id }: ChainEventView, pegs: readonly PegView[]): ReactElement | string {
  const pool = pegs.find((peg) => peg.chain_id === chain_id)?.pools.find((one) => one.address.toLowerCase() === String(args["pool"]).toLowerCase());
  const [base, quote] = pool?.name.split("/") ?? [];
  const [sold, paid] = [args["sold"], args["paid"]].map((value) => (/^\d+$/.test(String(value)) ? BigInt(String(value)) : null));
  if (base && quote && sold != null && paid != null) {
    const [from, to] = args["sellsBase"] === true || args["sellsBase"] === "true" ? [base, quote] : [quote, base];
    const amount = (units: bigint, symbol: string): string => `${shortest(fromUnits(units, decimalsOfSymbol(symbol)), 2)} ${symbol}`;
    return `${pool?.name ?? ""}: ${amount(sold, from)} for ${amount(paid, to)}`;
  }
  const words = Object.entries(args).map(([name, value]) => `${name} ${typeof value === "string" && value.startsWith("0x") ? shortHash(value) : String(value)}`);
  return <span className="mono small">{words.join(", ")}</span>;
}
