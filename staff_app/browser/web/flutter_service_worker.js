// Opens the till without a network. Everything of a version lies under v/<version>/ and is named by
// its page only, so whatever page is shown finds all of its files and no others: a new version is
// complete in its cache before any page of it is shown, and the one before stays until the next.
const VERSION = '@VERSION@';
const FILES = @FILES@;
const PREFIX = 'till-bundle-', IMAGES = 'till-image-';
const root = new URL('./', location.href).href;

// Flutter draws with a smaller CanvasKit where the browser finds words and lines by itself.
const hasChromiumText = 'v8BreakIterator' in Intl;
const needed = (name) =>
  !/\/canvaskit\/(chromium\/)?canvaskit\./.test(name) || name.includes('/chromium/') === hasChromiumText;

self.addEventListener('install', (event) => event.waitUntil((async () => {
  const cache = await caches.open(PREFIX + VERSION);
  const known = new Set((await cache.keys()).map((request) => request.url));
  const missing = FILES.filter(needed).map((name) => new URL(name, root).href).filter((url) => !known.has(url));
  await cache.addAll(missing);
  await cache.add(new Request(root, { cache: 'no-store' }));
  const page = await (await cache.match(root)).text();
  if (!page.includes(`content="${VERSION}"`)) {
    await cache.delete(root);
    throw new Error('the server has another version by now');
  }
  await self.skipWaiting();
})()));

self.addEventListener('activate', (event) => event.waitUntil((async () => {
  const bundles = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== PREFIX + VERSION);
  for (const name of bundles.slice(0, -1)) await caches.delete(name);
  const kept = new Set([VERSION, ...bundles.slice(-1).map((name) => name.slice(PREFIX.length))]);
  for (const name of await caches.keys()) {
    if (name.startsWith(IMAGES) && !kept.has(name.slice(IMAGES.length))) await caches.delete(name);
  }
  await self.clients.claim();
})()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(root)) return;
  event.respondWith((async () => {
    if (request.mode === 'navigate') {
      return (await (await caches.open(PREFIX + VERSION)).match(root)) || fetch(request);
    }
    return (await caches.match(request, { ignoreVary: true })) || fetch(request);
  })());
});
