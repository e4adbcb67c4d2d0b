import { type KeyboardEvent, type ReactElement, useEffect, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useMarkets } from "../api/queries";
import { Dialog } from "../ui/dialog";
import { PLACES } from "./places";
import { type Theme, setTheme } from "./theme";

interface Command {
  readonly name: string;
  readonly hint: string;
  readonly run: () => void;
}

function useCommands(): readonly Command[] {
  const [, go] = useLocation();
  const { data } = useMarkets();
  return useMemo(() => {
    const places = PLACES.map((place) => ({ name: place.name, hint: `g ${place.key}`, run: () => go(place.path) }));
    const markets = (data?.markets ?? []).map((market) => ({
      name: market.symbol,
      hint: market.kind,
      run: () => go(`/market/${encodeURIComponent(market.symbol)}`),
    }));
    const themes = (["system", "light", "dark"] as const).map((name: Theme) => ({
      name: `Theme: ${name}`,
      hint: "appearance",
      run: () => setTheme(name),
    }));
    return [...places, ...markets, ...themes];
  }, [data, go]);
}

/** Go anywhere by typing: Ctrl-K or Command-K. */
export function Palette({ onClose }: { onClose: () => void }): ReactElement {
  const commands = useCommands();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const found = commands.filter((command) => command.name.toLowerCase().includes(text.trim().toLowerCase()));
  const chosen = Math.min(at, found.length - 1);
  const run = (command: Command | undefined): void => {
    if (!command) return;
    onClose();
    command.run();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") setAt(Math.min(chosen + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
    else if (event.key === "Enter") run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Go to" onClose={onClose} className="palette" bare>
      <input
        role="combobox"
        aria-label="Go to a page or market"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${chosen}` : undefined}
        placeholder="Go to a page or market…"
        value={text}
        autoComplete="off"
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <ul role="listbox" id="palette-list" aria-label="Matches">
        {found.map((command, index) => (
          <li key={command.name} id={`palette-${index}`} role="option" aria-selected={index === chosen} onClick={() => run(command)}>
            <span>{command.name}</span>
            <span className="faint small">{command.hint}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="empty">Nothing is called that.</p>}
    </Dialog>
  );
}

const CHORD_MS = 1_200;

/** `g` then a letter goes to a page, Ctrl-K opens the palette, `?` tells the keys. */
export function useShortcuts(openPalette: () => void, openKeys: () => void): void {
  const [, go] = useLocation();
  useEffect(() => {
    let chordUntil = 0;
    const press = (event: globalThis.KeyboardEvent): void => {
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        openPalette();
        return;
      }
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const place = Date.now() < chordUntil ? PLACES.find((one) => one.key === event.key) : undefined;
      chordUntil = event.key === "g" ? Date.now() + CHORD_MS : 0;
      if (place) go(place.path);
      else if (event.key === "?") openKeys();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [go, openPalette, openKeys]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) || target.closest("dialog") !== null);
}
