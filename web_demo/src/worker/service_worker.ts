/** Service worker that keeps the page, the runtime and loaded models for use without a network. */

declare const self: ServiceWorkerGlobalScope;
declare const VERSION: string; // digest of all files of the page
declare const SHELL: readonly string[]; // files of the page, without the runtime

const CACHE = `ppn-tf-demo-${VERSION}`;

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  const files = ["./", ...SHELL].map((name) => new Request(name, { cache: "reload" }));
  await cache.addAll(files);
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("ppn-tf-demo-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** Returns a file from the network and keeps it; without a network, the one that was kept. */
async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  // The runtime is large, and belongs to this version of the page.
  if (kept && new URL(request.url).pathname.includes("/wasm/")) {
    return kept;
  }
  try {
    const response = await fetch(request);
    if (response.ok && response.status !== 206) {
      await cache.put(request.url.split("?")[0]!, response.clone());
    }
    return response;
  } catch (error) {
    if (kept) {
      return kept;
    }
    throw error;
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { method, url, cache } = event.request;
  if (method === "GET" && cache !== "no-store" && new URL(url).origin === self.location.origin) {
    event.respondWith(answer(event.request));
  }
});

export {};
