import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const STORED = "stab3l.theme";
const listeners = new Set<() => void>();

export function theme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export function setTheme(next: Theme): void {
  if (next === "system") {
    delete document.documentElement.dataset["theme"];
    localStorage.removeItem(STORED);
  } else {
    document.documentElement.dataset["theme"] = next;
    localStorage.setItem(STORED, next);
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", listener);
  listeners.add(listener);
  return () => {
    media.removeEventListener("change", listener);
    listeners.delete(listener);
  };
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, theme);

const isDark = (): boolean => {
  const chosen = theme();
  return chosen === "dark" || (chosen === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
};

/** What is really shown, for canvases that read the colours themselves. */
export const useIsDark = (): boolean => useSyncExternalStore(subscribe, isDark);
