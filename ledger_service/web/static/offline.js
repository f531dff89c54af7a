/* Keeps a page of ours for the time without a network (offline-worker.js). */
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/offline-worker.js").catch(() => {});
