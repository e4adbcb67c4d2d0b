import type { ReactElement } from "react";
import { useBatches, useList } from "../../api/queries";
import type { BatchView, BlockView } from "../../api/types";
import { fromNanoseconds, moment } from "../../money/time";
import { Empty, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash } from "../../ui/values";

export function Batches(): ReactElement {
  const { data } = useBatches();
  return (
    <div className="stack">
      <Panel title="Settlement batches" flush aside="constant size on chain, whatever they settle">
        <Table<BatchView>
          label="Settlement batches"
          rows={data}
          rowKey={(batch) => `${batch.chain_id} ${batch.index}`}
          empty={<Empty title="No batch is settled yet" />}
          columns={[
            { head: "Chain", cell: (batch) => batch.chain_id },
            { head: "Batch", end: true, cell: (batch) => batch.index },
            { head: "Block", end: true, cell: (batch) => batch.block },
            { head: "Inputs", end: true, cell: (batch) => `${batch.first_input}–${batch.last_input}` },
            { head: "State root", cell: (batch) => <Hash value={batch.state_root} /> },
            { head: "Transaction", cell: (batch) => <Hash value={batch.tx_hash} /> },
            { head: "State", end: true, cell: (batch) => <State name={batch.state} tone={batch.state === "confirmed" ? "good" : "busy"} /> },
          ]}
        />
      </Panel>
      <Blocks />
    </div>
  );
}

function Blocks(): ReactElement | null {
  const { data } = useList<BlockView>("/v1/blocks?limit=50");
  if (!data?.length) return null;
  return (
    <Panel title="Sealed blocks" flush>
      <Table
        label="Sealed blocks"
        rows={data}
        rowKey={(block) => block.block}
        empty="No block yet"
        columns={[
          { head: "Block", cell: (block) => block.block },
          { head: "Sealed", cell: (block) => moment(fromNanoseconds(block.at)) },
          { head: "Inputs", end: true, cell: (block) => `${block.first_input}–${block.last_input}` },
          { head: "Input hash", cell: (block) => <Hash value={block.input_hash} /> },
          { head: "Output hash", cell: (block) => <Hash value={block.output_hash} /> },
          { head: "State root", cell: (block) => <Hash value={block.state_root} /> },
        ]}
      />
    </Panel>
  );
}
