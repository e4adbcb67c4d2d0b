import { type ReactElement, useState } from "react";
import { encodeFunctionData } from "viem";
import type { NetworkView } from "../../api/types";
import { approvalFor, carryOut, contractOf } from "../../chain/actions";
import { COLLATERAL, VERIFIER } from "../../chain/contracts";
import { parseDecimal, toUnits } from "../../money/decimal";
import { ConnectButton } from "../../shell/wallet-button";
import { useAction } from "../../ui/action";
import { Field, Select } from "../../ui/form";
import { Panel } from "../../ui/panel";
import { tell } from "../../ui/toast";
import { useSession } from "../../wallet/hooks";

const METHODS = [
  { value: "3", label: "Committee: verifiers recompute samples" },
  { value: "1", label: "Zero-knowledge proof" },
  { value: "2", label: "Trusted enclave (TEE)" },
] as const;
const DAY_S = 86_400;
const DAYS_LEAST = 7;
const DAYS_MOST = 365;

/** Registers a provider, secures it with collateral, and says how the machine itself proves its rate. */
export function Registration({ network }: { network: NetworkView }): ReactElement {
  return (
    <div className="grid">
      <div className="span-6 stack">
        <RegisterPanel network={network} />
        <CollateralPanel network={network} />
      </div>
      <Panel title="3. Prove on your machine" className="span-6">
        <div className="stack">
          <p>The benchmark runs where your compute is, so this step is a command and not a button. It asks for a challenge, multiplies matrices, commits, opens samples, mints and stakes:</p>
          <pre className="note-box mono" tabIndex={0} aria-label="Commands">
            <code>{`stab3l provider onboard --help\nstab3l provider onboard --home <home>`}</code>
          </pre>
          <p>Then let the agent serve what is redeemed:</p>
          <pre className="note-box mono" tabIndex={0} aria-label="Command to serve">
            <code>stab3l provider serve --home &lt;home&gt;</code>
          </pre>
          <p className="soft">Each step is on chain and appears under Verification. Minted sSTB is staked for your period and earns rSTB by R = S × T × M.</p>
        </div>
      </Panel>
    </div>
  );
}

function RegisterPanel({ network }: { network: NetworkView }): ReactElement {
  const { connected } = useSession();
  const [method, setMethod] = useState<(typeof METHODS)[number]["value"]>("3");
  const [days, setDays] = useState(String(DAYS_LEAST));
  const [busy, run] = useAction();
  const chain = network.chains.find((one) => one.chain_id === network.primary_chain_id);
  const period = Number(days);
  const right = Number.isInteger(period) && period >= DAYS_LEAST && period <= DAYS_MOST;
  const register = (): void =>
    run(async () => {
      if (!connected || !chain || !right) return;
      const data = encodeFunctionData({ abi: VERIFIER, functionName: "register", args: [Number(method), period * DAY_S] });
      await carryOut(connected, chain, [{ words: "Register", to: contractOf(chain, "ComputeUnitVerifier"), data }], () => undefined);
      tell("You are registered as a provider", "good");
    });
  return (
    <Panel title="1. Register">
      <div className="stack">
        <Select label="How you prove" value={method} onChange={setMethod} choices={METHODS} />
        <Field label="Stake period" numeric value={days} onChange={setDays} suffix="days" error={right ? null : `Whole days from ${DAYS_LEAST} to ${DAYS_MOST}`} hint="What you mint stays staked this long." />
        {connected ? (
          <button type="button" className="button primary full" disabled={busy || !right} onClick={register}>
            {busy ? "Confirm it in your wallet…" : "Register"}
          </button>
        ) : (
          <ConnectButton to="register" full />
        )}
      </div>
    </Panel>
  );
}

const COLLATERAL_DECIMALS = 6;

function CollateralPanel({ network }: { network: NetworkView }): ReactElement {
  const { connected } = useSession();
  const [text, setText] = useState("");
  const [busy, run] = useAction();
  const chain = network.chains.find((one) => one.chain_id === network.primary_chain_id);
  const value = parseDecimal(text);
  const amount = value && value.units > 0n ? toUnits(value, COLLATERAL_DECIMALS) : null;
  const send = (): void =>
    run(async () => {
      if (!connected || !chain || amount === null) return;
      const [token, manager] = [contractOf(chain, chain.contracts["LocalDollar"] ? "LocalDollar" : "USDC"), contractOf(chain, "CollateralManager")];
      const data = encodeFunctionData({ abi: COLLATERAL, functionName: "deposit", args: [amount] });
      const approval = await approvalFor(chain, token, connected.address, manager, amount, "collateral");
      await carryOut(connected, chain, [...approval, { words: "Deposit collateral", to: manager, data }], () => undefined);
      tell("The collateral is deposited", "good");
      setText("");
    });
  return (
    <Panel title="2. Secure it">
      <div className="stack">
        <Field
          label="Collateral"
          numeric
          value={text}
          onChange={setText}
          suffix="USDC"
          error={text !== "" && amount === null ? `A number with at most ${COLLATERAL_DECIMALS} decimals` : null}
          hint="At least 120 % of what you mint, at par: $0.072 for each CU."
        />
        <button type="button" className="button full" disabled={busy || amount === null || !connected} onClick={send}>
          {busy ? "Confirm it in your wallet…" : "Deposit collateral"}
        </button>
      </div>
    </Panel>
  );
}
