import type { ReactElement } from "react";
import { useThing } from "../../api/queries";
import { grouped, shortHash } from "../../money/format";
import { Empty, Loading, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";

interface Segment {
  first_sequence: string;
  last_sequence: string;
  bytes: string;
  complete: boolean;
  previous: string | null;
  head: string | null;
}

interface StreamsAnswer {
  inputs: { last_sequence: string; bytes: string; segments: Segment[] };
  outputs: { last_sequence: string; bytes: string; segments: Segment[] };
}

/** All inputs and outputs of the exchange, as files that anyone can take and replay. */
export function Streams(): ReactElement {
  const { data, error } = useThing<StreamsAnswer>("/v1/streams");
  if (error) return <Empty title="The streams cannot be read">{error.message}</Empty>;
  if (data === undefined) return <Loading />;
  if (data === null) return <Empty title="No public stream here" />;
  return (
    <div className="stack">
      <Panel title="Replay it yourself">
        <p className="soft">An implementation that shares no code with the engine replays every input and compares outputs, roots and the batches on chain:</p>
        <pre className="note-box mono" tabIndex={0} aria-label="Command">
          <code>stab3l verify --network .stab3l/local</code>
        </pre>
      </Panel>
      {(["inputs", "outputs"] as const).map((name) => (
        <Panel key={name} title={name === "inputs" ? "Inputs" : "Outputs"} flush aside={`${grouped(data[name].bytes)} bytes up to sequence ${data[name].last_sequence}`}>
          <Table
            label={`Segments of the ${name}`}
            rows={data[name].segments}
            rowKey={(segment) => segment.first_sequence}
            empty="Nothing yet"
            columns={[
              { head: "From", cell: (segment) => segment.first_sequence },
              { head: "To", cell: (segment) => segment.last_sequence },
              { head: "Bytes", end: true, cell: (segment) => grouped(segment.bytes) },
              { head: "Hash chain", cell: (segment) => <span className="mono">{segment.head ? shortHash(segment.head) : "grows"}</span> },
              { head: "State", cell: (segment) => <State name={segment.complete ? "complete" : "growing"} tone={segment.complete ? "good" : "busy"} /> },
              { head: "File", end: true, cell: (segment) => <a href={`/v1/streams/${name}/segments/${segment.first_sequence}`} download>Download</a> },
            ]}
          />
        </Panel>
      ))}
    </div>
  );
}
