import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { ChainEventView } from "../../api/types";
import { shortHash } from "../../money/format";
import { moment } from "../../money/time";
import { Empty, Panel } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash } from "../../ui/values";

const LIMITS: readonly [string, string][] = [
  ["Acts only", "when the average is away from the target by more than theta for at least N blocks"],
  ["At most", "once in MIN_BLOCKS, within a cap per block that splitting does not evade"],
  ["Never", "beyond its slippage and gas-price caps, whatever its caller asks for"],
];

/** What the stabiliser did, from its own events. */
export function Actions(): ReactElement {
  const { data } = useList<ChainEventView>("/v1/events?contract=Stabilizer&limit=100");
  return (
    <div className="stack">
      <Panel title="Its limits">
        <dl className="facts" style={{ gridTemplateColumns: "auto 1fr" }}>
          {LIMITS.map(([when, words]) => (
            <div key={when} style={{ display: "contents" }}>
              <dt>{when}</dt>
              <dd style={{ textAlign: "left" }}>{words}</dd>
            </div>
          ))}
        </dl>
      </Panel>
      <Panel title="Actions" flush>
        <Table
          label="Actions of the stabiliser"
          rows={data}
          rowKey={(one) => `${one.chain_id} ${one.block} ${one.log_index}`}
          empty={<Empty title="It has not had to act yet">The price has stayed within its band.</Empty>}
          columns={[
            { head: "Time", cell: (one) => moment(Number(one.at) * 1000) },
            { head: "Chain", cell: (one) => one.chain_id },
            { head: "Block", end: true, cell: (one) => one.block },
            { head: "What", cell: (one) => one.event },
            { head: "Values", cell: (one) => <span className="mono small">{argsText(one.args)}</span> },
            { head: "Transaction", end: true, cell: (one) => <Hash value={one.tx_hash} /> },
          ]}
        />
      </Panel>
    </div>
  );
}

function argsText(args: Record<string, unknown>): string {
  return Object.entries(args)
    .map(([name, value]) => `${name} ${typeof value === "string" && value.startsWith("0x") ? shortHash(value) : String(value)}`)
    .join(", ");
}
