import { type ReactElement, useRef, useState } from "react";
import type { Address } from "viem";
import { useAccount } from "../../api/queries";
import { ApiProblem } from "../../api/rest";
import type { BalanceView, Markets, NetworkView } from "../../api/types";
import { tokens } from "../../money/format";
import type { CheckStep } from "../../proof/verification";
import { useAction } from "../../ui/action";
import { Select } from "../../ui/form";
import { Icon } from "../../ui/icons";
import { Empty, Loading, Panel, State } from "../../ui/panel";

interface VerifyProps {
  readonly network: NetworkView;
  readonly markets: Markets;
  readonly address: Address;
}

export function VerifyBalance({ network, address }: VerifyProps): ReactElement {
  const { data: account } = useAccount(address);
  const first = account?.balances[0];
  return (
    <div className="grid">
      <Panel title="Verify my balance" className="span-7">
        {account === undefined ? (
          <Loading />
        ) : account && first ? (
          <Check network={network} address={address} balances={account.balances} first={first} />
        ) : (
          <Empty title="This address has no balance on the exchange" />
        )}
      </Panel>
      <Panel title="What is checked" className="span-5">
        <ol className="stack soft">
          <li>1. Your balance, hashed in this browser, is the leaf that the exchange names.</li>
          <li>2. The leaf and its siblings give the root of all balances.</li>
          <li>3. The settlement transaction on the chain carries that same root. It is read from the chain&apos;s node, not from the exchange.</li>
          <li>4. The parts of that transaction give the state root that the contract keeps and that withdrawals and exits are judged by.</li>
        </ol>
      </Panel>
    </div>
  );
}

interface CheckProps {
  readonly network: NetworkView;
  readonly address: Address;
  readonly balances: readonly BalanceView[];
  readonly first: BalanceView;
}

function Check({ network, address, balances, first }: CheckProps): ReactElement {
  const [asset, setAsset] = useState(String(first.asset));
  const [steps, setSteps] = useState<readonly CheckStep[]>([]);
  const [note, setNote] = useState("");
  const [busy, run] = useAction();
  const abort = useRef<AbortController | null>(null);
  const start = (): void =>
    run(async () => {
      abort.current?.abort();
      abort.current = new AbortController();
      setNote("");
      setSteps([]);
      const { verifyBalance } = await import("../../proof/verification");
      try {
        await verifyBalance(network, address, Number(asset), setSteps, abort.current.signal);
      } catch (error) {
        if (!(error instanceof ApiProblem) || error.code !== "proof_not_ready") throw error;
        setNote("This balance is not in a sealed block yet. The next one comes with the next settlement: try again in some seconds.");
      }
    });
  const proven = steps.length > 0 && steps.every((step) => step.state === "good");
  return (
    <div className="stack">
      <Select
        label="Balance"
        value={asset}
        onChange={setAsset}
        choices={balances.map((one) => ({ value: String(one.asset), label: `${one.symbol}: ${tokens(BigInt(one.available) + BigInt(one.held), one.decimals, 6)}` }))}
      />
      <button type="button" className="button primary" disabled={busy} onClick={start}>
        {busy ? "Checking…" : "Verify in this browser"}
      </button>
      {note !== "" && <p className="note-box warn">{note}</p>}
      {steps.length > 0 && (
        <ol className="stack" aria-label="Steps of the check">
          {steps.map((step) => (
            <li key={step.name} className="note-box">
              <span className="row apart">
                <strong>{step.name}</strong>
                <State name={step.state === "good" ? "holds" : step.state === "bad" ? "does not hold" : "waiting"} tone={step.state === "good" ? "good" : step.state === "bad" ? "bad" : "busy"} />
              </span>
              <span className="mono small" style={{ overflowWrap: "anywhere" }}>
                {step.detail}
              </span>
            </li>
          ))}
        </ol>
      )}
      <div role="status">
        {proven && (
          <p className="note-box good row">
            <span style={{ width: "1.125rem", display: "inline-grid" }}>
              <Icon name="check" />
            </span>
            Proven: this balance, as of its sealed block, is part of the root on the chain.
          </p>
        )}
      </div>
    </div>
  );
}
