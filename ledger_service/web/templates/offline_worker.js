/* While the server does not answer, a page of ours says so, and offers to send once more what was sent. What it keeps is in `PAGES` and `FILES`: nothing of anybody's. */
"use strict";
const CACHE = "boram-{{ version }}";
const PAGES = {{ pages|tojson }};
const FILES = {{ files|tojson }};
const SECRETS = {{ secrets|tojson }};
const PLAIN_FORM = "application/x-www-form-urlencoded";
const AT_THE_DOOR = /^\/kiosk\//; // the next card is read by then, and the time of this one is over

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
    event.respondWith(fetch(request).catch(() => caches.match(request)));
    return;
  }
  if (request.mode !== "navigate" || request.destination !== "document") return;
  if (request.method !== "GET" && !(isPlainForm(request) && isFromHere(request))) return;
  event.respondWith(opened(request, address));
});

/* Files are left to the browser: not every browser lets them through here. */
function isPlainForm(request) {
  return (request.headers.get("content-type") || "").startsWith(PLAIN_FORM);
}

/* Another site's form is left to the browser as it is. */
function isFromHere(request) {
  try {
    return new URL(request.referrer).origin === self.location.origin;
  } catch {
    return false;
  }
}

async function opened(request, address) {
  const body = request.method === "GET" ? null : request.clone().text();
  try {
    return await fetch(request);
  } catch {
    if (body === null || AT_THE_DOOR.test(address.pathname)) return kept("page");
    return sentAgain(address, new URLSearchParams(await body));
  }
}

/* The same form with the same key. One without a key could happen twice, and of secrets only the PIN can be typed here: those go back to their own page. */
async function sentAgain(address, fields) {
  const secrets = SECRETS.filter(name => fields.has(name));
  if (!fields.has("key") || secrets.some(name => name !== "pin")) return kept("back");
  const page = await kept(secrets.length ? "pin" : "form");
  const hidden = [...fields].filter(([name]) => name !== "pin")
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`).join("");
  const html = (await page.text()).replace("/offline/again", () => escaped(address.href)).replace("<!--fields-->", () => hidden);
  const headers = new Headers(page.headers);
  for (const name of ["content-length", "content-encoding"]) headers.delete(name);
  return new Response(html, {status: 503, headers});
}

const kept = async name => (await caches.match(PAGES[name])) || Response.error();

const escaped = text => text.replace(/[&<>"']/g, one => `&#${one.charCodeAt(0)};`);
