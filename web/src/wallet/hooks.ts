import { useSyncExternalStore } from "react";
import type { Address } from "viem";
import { type AnnouncedWallet, announcedWallets, watchWallets } from "./discovery";
import { type SessionState, sessionState, shownAddress, watchSession } from "./session";

export const useWallets = (): readonly AnnouncedWallet[] => useSyncExternalStore(watchWallets, announcedWallets);
export const useSession = (): SessionState => useSyncExternalStore(watchSession, sessionState);
export const useAddress = (): Address | null => shownAddress(useSession());
