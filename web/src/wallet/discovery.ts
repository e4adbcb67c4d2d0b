/** Wallets announce themselves (EIP-6963); nothing here looks for a global object that several would fight over. */
export interface WalletProvider {
  request: (request: { method: string; params?: readonly unknown[] }) => Promise<unknown>;
  on?: (event: string, listener: (...values: never[]) => void) => unknown;
  removeListener?: (event: string, listener: (...values: never[]) => void) => unknown;
}

export interface AnnouncedWallet {
  readonly info: { readonly uuid: string; readonly name: string; readonly icon: string; readonly rdns: string };
  readonly provider: WalletProvider;
}

let wallets: readonly AnnouncedWallet[] = [];
const listeners = new Set<() => void>();

function hear(event: Event): void {
  const detail = (event as CustomEvent<AnnouncedWallet | undefined>).detail;
  if (!isAnnouncement(detail) || wallets.some((wallet) => wallet.info.uuid === detail.info.uuid)) return;
  wallets = [...wallets, detail];
  for (const listener of listeners) listener();
}

function isAnnouncement(detail: AnnouncedWallet | undefined): detail is AnnouncedWallet {
  return typeof detail?.info.uuid === "string" && typeof detail.info.name === "string" && typeof detail.provider.request === "function";
}

let listening = false;

export function watchWallets(changed: () => void): () => void {
  listeners.add(changed);
  if (!listening) {
    listening = true;
    addEventListener("eip6963:announceProvider", hear);
  }
  dispatchEvent(new Event("eip6963:requestProvider"));
  return () => listeners.delete(changed);
}

export const announcedWallets = (): readonly AnnouncedWallet[] => wallets;

/** Icons are data URIs by the standard; anything else is not shown. */
export function safeIcon(wallet: AnnouncedWallet): string | null {
  return wallet.info.icon.startsWith("data:image/") ? wallet.info.icon : null;
}
