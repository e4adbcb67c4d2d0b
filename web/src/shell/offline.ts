/** Registers the service worker and tells it which files make up this build, so that the shell opens offline. */
export function keepShell(): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  addEventListener("load", () => {
    void navigator.serviceWorker
      .register("/sw.js")
      .then(() => navigator.serviceWorker.ready)
      .then(async (registration) => {
        const answer = await fetch("/build.json");
        if (answer.ok) registration.active?.postMessage({ kind: "keep", files: (await answer.json()) as string[] });
      })
      .catch((error: unknown) => console.warn("no offline shell", error));
  });
}
