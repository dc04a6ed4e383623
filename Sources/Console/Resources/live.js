// Pages that stay as what they show: figures that grow old are fetched again, and an execution that moves says so. Where
// that can't be, the page says since when.
"use strict";

// Said as long as what one sees may be no longer so: "away" without an answer of the server, "over" without a login.
let lastSeen = new Date();
function tell(what) {
  const connection = document.getElementById("connection");
  const text = connection.dataset[what]?.replace("{time}", lastSeen.toLocaleTimeString(language)) ?? "";
  if (connection.firstElementChild.textContent !== text) connection.firstElementChild.textContent = text;
  const link = connection.querySelector("a");
  link.hidden = what !== "over";
  link.href = `/console/login?to=${encodeURIComponent(location.pathname + location.search)}`;
  connection.hidden = text === "";
  if (text === "") lastSeen = new Date();
}

// While somebody writes, reads on or has something open, nothing is taken away.
function isBusy(main) {
  return main.querySelector("dialog[open], .events details[open], .runs[open], .fold[open], [data-extended], input:focus, select:focus, textarea:focus")
    || main.contains(document.getSelection()?.anchorNode) && !document.getSelection().isCollapsed
    || [...main.querySelectorAll("input[data-find]")].some((input) => input.value !== input.defaultValue);
}

// The page as it is now, in place of what it was.
let isOutdated = false;
let newest = 0;
async function renew() {
  const main = document.querySelector("main");
  isOutdated = true;
  if (document.hidden || isBusy(main)) return;
  const mine = newest += 1;
  const response = await fetch(location.href).catch(() => null);
  const text = await response?.text().catch(() => null);
  if (mine !== newest) return;
  if (typeof text !== "string" || response.status >= 500) return tell("away");
  if (new URL(response.url).pathname === "/console/login") return tell("over");
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.querySelector("main");
  if (!fresh || isBusy(main)) return;
  isOutdated = false;
  tell("");
  // A server that was started again gives its pages another one.
  document.querySelector('meta[name="intent"]').content = page.querySelector('meta[name="intent"]').content;
  const focused = document.activeElement?.getAttribute?.("href");
  const scrolled = main.querySelector(".canvas")?.scrollTop;
  main.replaceChildren(...document.importNode(fresh, true).childNodes);
  prepare(main);
  if (scrolled && main.querySelector(".canvas")) main.querySelector(".canvas").scrollTop = scrolled;
  if (focused) main.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  watchExecution();
}

setInterval(() => { if (isOutdated || document.querySelector("[data-refresh]")) renew(); }, 5000);
document.addEventListener("close", () => { if (isOutdated) renew(); }, true);

// An execution that moves says so, as long as it does.
let source = null;
function watchExecution() {
  const address = document.querySelector("[data-live]")?.dataset.live;
  if (!address || source) return;
  let isPending = false;
  source = new EventSource(address);
  source.addEventListener("message", async (event) => {
    if (!event.data.endsWith(" RUNNING")) stopWatching();
    if (isPending) return;
    isPending = true;
    // What comes at once is shown at once.
    await new Promise((done) => setTimeout(done, 150));
    isPending = false;
    await renew();
  });
  // Browsers ask again when a connection breaks, but not when the server refuses: then the page does, renewed soon.
  source.addEventListener("error", (event) => {
    if (event.target.readyState === EventSource.CLOSED) stopWatching();
    isOutdated = true;
  });
  source.addEventListener("open", () => { if (isOutdated) renew(); });
}

function stopWatching() {
  source?.close();
  source = null;
}

addEventListener("pagehide", stopWatching);
// Who comes back sees what is, and not what was.
addEventListener("pageshow", (event) => { if (event.persisted && document.querySelector("[data-fresh], [data-refresh]")) renew(); });
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && document.querySelector("[data-fresh], [data-refresh]")) renew();
});

watchExecution();
