import { type ReactElement, type ReactNode, useEffect, useState } from "react";
import { useNetwork } from "../api/queries";
import { shortHash } from "../money/format";
import { useAction } from "../ui/action";
import { Dialog } from "../ui/dialog";
import { Empty } from "../ui/panel";
import { tell } from "../ui/toast";
import { type AnnouncedWallet, safeIcon } from "../wallet/discovery";
import { useSession, useWallets } from "../wallet/hooks";
import { connectWallet, disconnect, rememberWallet, signIn, signInWithPasskey, signOut } from "../wallet/session";

/** Announces the local network's own wallet where there is one, and finds the last one again. */
export function useWalletStart(): void {
  const { data: network } = useNetwork();
  useEffect(() => rememberWallet(), []);
  useEffect(() => {
    if (network?.development !== true) return;
    void import("../wallet/development").then(({ announceDevelopmentWallet }) => announceDevelopmentWallet(network));
  }, [network]);
}

export function WalletButton(): ReactElement {
  const { connected, signedIn, watching } = useSession();
  const [open, setOpen] = useState(false);
  const address = connected?.address ?? signedIn?.account;
  return (
    <>
      <button type="button" className={address ? "button" : "button primary"} onClick={() => setOpen(true)}>
        {address ? <span className="mono">{shortHash(address)}</span> : watching ? "Watching" : "Connect"}
      </button>
      {open && <WalletDialog onClose={() => setOpen(false)} />}
    </>
  );
}

interface ConnectProps {
  /** What it is for, as in "Connect a wallet to trade". */
  readonly to?: string;
  readonly full?: boolean;
}

/** Where a wallet is needed next: asks for one on the spot. */
export function ConnectButton({ to, full = false }: ConnectProps): ReactElement {
  const [choosing, setChoosing] = useState(false);
  return (
    <>
      <button type="button" className={`button primary ${full ? "full" : ""}`} onClick={() => setChoosing(true)}>
        Connect a wallet{to === undefined ? "" : ` to ${to}`}
      </button>
      {choosing && <WalletDialog onClose={() => setChoosing(false)} />}
    </>
  );
}

/** In the place of what is one's own. */
export function NotConnected({ children }: { children: ReactNode }): ReactElement {
  return (
    <Empty title="No wallet is connected">
      <p>{children}</p>
      <ConnectButton />
    </Empty>
  );
}

export function WalletDialog({ onClose }: { onClose: () => void }): ReactElement {
  const { connected, signedIn } = useSession();
  return (
    <Dialog title={connected ? "Your wallet" : "Connect a wallet"} onClose={onClose}>
      {connected || signedIn ? <ConnectedPart onClose={onClose} /> : <ChoicePart onClose={onClose} />}
    </Dialog>
  );
}

function ConnectedPart({ onClose }: { onClose: () => void }): ReactElement {
  const { connected, signedIn } = useSession();
  const [busy, run] = useAction();
  return (
    <div className="stack">
      <p className="mono small">{connected?.address ?? signedIn?.account}</p>
      <p className="soft">
        {signedIn
          ? "Signed in: private data, API keys and passkeys are at hand."
          : "Connected. Orders are signed one by one; sign in to see private data and to manage keys."}
      </p>
      <div className="row">
        {!signedIn && connected && (
          <button
            type="button"
            className="button primary"
            disabled={busy}
            onClick={() =>
              run(async () => {
                await signIn();
                tell("Signed in", "good");
                onClose();
              })
            }
          >
            Sign in
          </button>
        )}
        {signedIn && (
          <button type="button" className="button" onClick={() => signOut()}>
            Sign out
          </button>
        )}
        <button
          type="button"
          className="button"
          onClick={() => {
            disconnect();
            onClose();
          }}
        >
          Disconnect
        </button>
      </div>
    </div>
  );
}

function ChoicePart({ onClose }: { onClose: () => void }): ReactElement {
  const wallets = useWallets();
  const [busy, run] = useAction();
  const choose = (wallet: AnnouncedWallet): void =>
    run(async () => {
      await connectWallet(wallet);
      onClose();
    });
  return (
    <div>
      <div className="wallets">
        {wallets.map((wallet) => {
          const icon = safeIcon(wallet);
          return (
            <button key={wallet.info.uuid} type="button" disabled={busy} onClick={() => choose(wallet)}>
              {icon !== null && <img src={icon} alt="" />}
              {wallet.info.name}
            </button>
          );
        })}
      </div>
      {wallets.length === 0 && (
        <p className="note-box">No wallet announced itself. Install one that supports EIP-6963 (most do), then open this again.</p>
      )}
      <p className="row apart small soft">
        <span>Been here before on this device?</span>
        <button
          type="button"
          className="button quiet small"
          disabled={busy}
          onClick={() =>
            run(async () => {
              await signInWithPasskey();
              tell("Signed in with a passkey", "good");
              onClose();
            })
          }
        >
          Sign in with a passkey
        </button>
      </p>
    </div>
  );
}
