/* While the server does not answer, a page of ours says so, and offers to send once more what was sent. What it keeps is in `PAGES` and `FILES`: nothing of anybody's. */
"use strict";
const CACHE = "boram-{{ version }}";
const PAGES = {{ pages|tojson }};
const FILES = {{ files|tojson }};
const SECRETS = {{ secrets|tojson }};
const PLAIN_FORM = "application/x-www-form-urlencoded";

self.addEventListener("install", event => {
  event.waitUntil(caches.open(CACHE).then(cache => cache.addAll([...Object.values(PAGES), ...FILES])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", event => {
  const old = names => Promise.all(names.filter(name => name !== CACHE).map(name => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});

self.addEventListener("fetch", event => {
  const request = event.request, address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.method === "GET" && FILES.includes(address.pathname)) {
    event.respondWith(caches.match(request).then(kept => kept || fetch(request)));
    return;
  }
  if (request.mode !== "navigate" || request.destination !== "document") return;
  if (request.method !== "GET" && !isFromHere(request)) return;
  event.respondWith(opened(request, address));
});

/* Another site's form is left to the browser as it is. */
function isFromHere(request) {
  try {
    return new URL(request.referrer).origin === self.location.origin;
  } catch {
    return false;
  }
}

async function opened(request, address) {
  const isForm = request.method === "POST" && (request.headers.get("content-type") || "").startsWith(PLAIN_FORM);
  const body = isForm ? request.clone().text() : null;
  try {
    return await fetch(request);
  } catch {
    if (request.method === "GET") return kept("page");
    return body ? sentAgain(address, new URLSearchParams(await body)) : kept("back");
  }
}

/* The same form with the same key. Of its secrets only the PIN can be typed here; the others go back to their own page. */
async function sentAgain(address, fields) {
  const secrets = SECRETS.filter(name => fields.has(name));
  if (secrets.some(name => name !== "pin")) return kept("back");
  const page = await kept(secrets.length ? "pin" : "form");
  const hidden = [...fields].filter(([name]) => name !== "pin")
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`).join("");
  const html = (await page.text()).replace("/offline/again", () => escaped(address.pathname + address.search)).replace("<!--fields-->", () => hidden);
  return new Response(html, {status: 503, headers: page.headers});
}

const kept = async name => (await caches.match(PAGES[name])) || Response.error();

const escaped = text => text.replace(/[&<>"']/g, one => `&#${one.charCodeAt(0)};`);
