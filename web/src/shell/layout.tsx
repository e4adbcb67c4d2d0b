import { type ReactElement, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { Dialog } from "../ui/dialog";
import { Icon, type IconName, Logo } from "../ui/icons";
import { Toasts } from "../ui/toast";
import { useAccountUpdates } from "./account-updates";
import { LivePill, StaleBanner } from "./live-state";
import { Palette, useShortcuts } from "./palette";
import { PLACES, isAt } from "./places";
import { type Theme, setTheme, useTheme } from "./theme";
import { WalletButton, useWalletStart } from "./wallet-button";

type Overlay = "palette" | "keys" | "more" | null;

export function Layout({ children }: { children: ReactNode }): ReactElement {
  const [overlay, setOverlay] = useState<Overlay>(null);
  const openPalette = useCallback(() => setOverlay("palette"), []);
  const openKeys = useCallback(() => setOverlay("keys"), []);
  const close = useCallback(() => setOverlay(null), []);
  useShortcuts(openPalette, openKeys);
  useWalletStart();
  useAccountUpdates();
  const content = useFocusOnNavigation();
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <TopBar openPalette={openPalette} />
      <StaleBanner />
      <main id="content" tabIndex={-1} ref={content}>
        {children}
      </main>
      <Foot openKeys={openKeys} />
      <BottomBar openMore={() => setOverlay("more")} />
      <Toasts />
      {overlay === "palette" && <Palette onClose={close} />}
      {overlay === "keys" && <Keys onClose={close} />}
      {overlay === "more" && <More onClose={close} />}
    </>
  );
}

/** A new page begins at its top, with the focus there for keyboards and screen readers; not on the first load. */
function useFocusOnNavigation(): React.RefObject<HTMLElement | null> {
  const [location] = useLocation();
  const content = useRef<HTMLElement>(null);
  const section = location.split("/")[1] ?? "";
  const last = useRef(section);
  useEffect(() => {
    if (last.current === section) return;
    last.current = section;
    content.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [section]);
  return content;
}

function TopBar({ openPalette }: { openPalette: () => void }): ReactElement {
  const [location] = useLocation();
  return (
    <header className="bar">
      <Link href="/" className="brand" aria-label="stab3l, dashboard">
        <Logo />
        <span>stab3l</span>
      </Link>
      <nav aria-label="Pages">
        <ul>
          {PLACES.map((place) => (
            <li key={place.path}>
              <Link href={place.path} aria-current={isAt(place, location) ? "page" : undefined}>
                {place.name}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="tools">
        <LivePill />
        <button type="button" className="icon-button" aria-label="Go to… (Ctrl K)" title="Go to… (Ctrl K)" onClick={openPalette}>
          <Icon name="search" />
        </button>
        <ThemeButton />
        <WalletButton />
      </div>
    </header>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };
const ICONS: Readonly<Record<Theme, IconName>> = { system: "system", light: "sun", dark: "moon" };

function ThemeButton(): ReactElement {
  const current = useTheme();
  const label = `Theme: ${current}. Change to ${NEXT[current]}`;
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={() => setTheme(NEXT[current])}>
      <Icon name={ICONS[current]} />
    </button>
  );
}

function BottomBar({ openMore }: { openMore: () => void }): ReactElement {
  const [location] = useLocation();
  return (
    <nav className="bottom" aria-label="Main pages">
      {PLACES.filter((place) => place.icon !== undefined).map((place) => (
        <Link key={place.path} href={place.path} aria-current={isAt(place, location) ? "page" : undefined}>
          <Icon name={place.icon ?? "more"} />
          {place.name}
        </Link>
      ))}
      <button type="button" onClick={openMore}>
        <Icon name="more" />
        More
      </button>
    </nav>
  );
}

function More({ onClose }: { onClose: () => void }): ReactElement {
  return (
    <Dialog title="More" onClose={onClose}>
      <ul className="stack">
        {PLACES.filter((place) => place.icon === undefined).map((place) => (
          <li key={place.path}>
            <Link href={place.path} className="button full" onClick={onClose}>
              {place.name}
            </Link>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Keys({ onClose }: { onClose: () => void }): ReactElement {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="facts">
        <dt>Go anywhere</dt>
        <dd>
          <kbd>Ctrl</kbd> <kbd>K</kbd>
        </dd>
        {PLACES.map((place) => (
          <div key={place.path} style={{ display: "contents" }}>
            <dt>{place.name}</dt>
            <dd>
              <kbd>g</kbd> <kbd>{place.key}</kbd>
            </dd>
          </div>
        ))}
        <dt>Close</dt>
        <dd>
          <kbd>Esc</kbd>
        </dd>
      </dl>
    </Dialog>
  );
}

function Foot({ openKeys }: { openKeys: () => void }): ReactElement {
  return (
    <footer className="foot">
      <span>Everything here is public and can be checked.</span>
      <a href="/v1/status">Status</a>
      <Link href="/proofs">Proofs</Link>
      <a href="/docs">API</a>
      <button type="button" className="copy" onClick={openKeys}>
        Keys
      </button>
    </footer>
  );
}
