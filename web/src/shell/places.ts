import type { IconName } from "../ui/icons";

export interface Place {
  readonly path: string;
  readonly name: string;
  /** Pressed after `g`. */
  readonly key: string;
  readonly icon?: IconName;
}

export const PLACES: readonly Place[] = [
  { path: "/", name: "Dashboard", key: "d", icon: "dashboard" },
  { path: "/market", name: "Market", key: "m", icon: "market" },
  { path: "/provider", name: "Provider", key: "p" },
  { path: "/stability", name: "Stability", key: "s" },
  { path: "/proofs", name: "Proofs", key: "r" },
  { path: "/operations", name: "Operations", key: "o" },
  { path: "/account", name: "Account", key: "a", icon: "account" },
];

export function isAt(place: Place, location: string): boolean {
  return place.path === "/" ? location === "/" || location.startsWith("/dashboard") : location === place.path || location.startsWith(`${place.path}/`);
}
