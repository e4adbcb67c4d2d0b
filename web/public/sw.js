// The offline shell: the page and its files stay at hand; numbers never do, since an old price is worse than none.
const SHELL = "stab3l-shell";
const FILES = ["/", "/theme.js", "/icon.svg", "/manifest.webmanifest"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("message", (event) => {
  if (event.data?.kind === "keep" && Array.isArray(event.data.files)) event.waitUntil(keep(event.data.files));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || isLive(url.pathname)) return;
  if (url.pathname.startsWith("/assets/")) event.respondWith(cachedFirst(request));
  else if (request.mode === "navigate") event.respondWith(freshPage());
  else if (FILES.includes(url.pathname)) event.respondWith(fresh(request));
});

function isLive(path) {
  return ["/v1", "/graphql", "/.well-known", "/docs", "/metrics"].some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}

/** Keeps these files and drops assets of earlier builds. */
async function keep(files) {
  const cache = await caches.open(SHELL);
  const wanted = new Set(files.map((file) => new URL(file, self.location.origin).href));
  for (const request of await cache.keys()) {
    if (new URL(request.url).pathname.startsWith("/assets/") && !wanted.has(request.url)) await cache.delete(request);
  }
  await Promise.all([...wanted].map(async (file) => (await cache.match(file)) ?? cache.add(file)));
}

async function cachedFirst(request) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function freshPage() {
  const cache = await caches.open(SHELL);
  try {
    const answer = await fetch("/");
    if (answer.ok) await cache.put("/", answer.clone());
    return answer;
  } catch {
    return (await cache.match("/")) ?? Response.error();
  }
}

async function fresh(request) {
  const cache = await caches.open(SHELL);
  try {
    return await fetch(request);
  } catch {
    return (await cache.match(request)) ?? Response.error();
  }
}
