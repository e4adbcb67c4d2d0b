import { type ReactElement, useState } from "react";
import { getAddress, isAddress } from "viem";
import { ConnectButton } from "../../shell/wallet-button";
import { Field } from "../../ui/form";
import { Panel } from "../../ui/panel";
import { watchAddress } from "../../wallet/session";

/** Nobody is here yet: connect, or look at any address, since the books are public. */
export function Welcome(): ReactElement {
  const [text, setText] = useState("");
  const right = isAddress(text, { strict: false });
  return (
    <div className="grid">
      <Panel title="Connect a wallet" className="span-6">
        <div className="stack">
          <p>Your wallet signs orders and withdrawals. Nothing leaves the exchange without its signature, and you can leave alone: every balance has a proof against a root on the chain.</p>
          <p>
            <ConnectButton />
          </p>
        </div>
      </Panel>
      <Panel title="Look at an address" className="span-6">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (right) watchAddress(getAddress(text));
          }}
        >
          <Field label="Address" value={text} onChange={setText} placeholder="0x…" error={text !== "" && !right ? "0x and 40 hexadecimal digits" : null} />
          <p>
            <button type="submit" className="button" disabled={!right}>
              Watch
            </button>
          </p>
        </form>
      </Panel>
    </div>
  );
}
