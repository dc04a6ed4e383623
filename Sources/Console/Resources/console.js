// What pages do by themselves: times in the reader's zone, actions, fresh figures, keys. Everything reads without it.
"use strict";

const intent = document.querySelector('meta[name="intent"]')?.content;
const language = document.documentElement.lang;

// What is done to a page, and to every part of it that is fetched later; other files add to it.
const preparations = [localizeTimes];
function prepare(root) { for (const preparation of preparations) preparation(root); }

// Times, in the reader's zone; UTC when pointed at.
const zoned = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
function localizeTimes(root) {
  for (const time of root.querySelectorAll("time:not([title])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = time.dateTime.replace("T", " ").replace("Z", " UTC");
    time.textContent = zoned.format(moment);
  }
}

// One line for the reader, which goes by itself.
let messageTimer;
function say(text) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.hidden = false;
  clearTimeout(messageTimer);
  messageTimer = setTimeout(() => { message.hidden = true; }, 8000);
}

// What changes something is sent with a header that no other page can send.
async function post(address, fields) {
  const response = await fetch(address, {
    method: "POST",
    headers: { "X-Stepwell-Intent": intent ?? "" },
    body: fields ?? new URLSearchParams(),
  });
  const answer = await response.json().catch(() => ({ error: String(response.status) }));
  if (!response.ok) throw new Error(answer.error ?? String(response.status));
  return answer;
}

async function act(element, address, fields) {
  const buttons = element.querySelectorAll ? [element, ...element.querySelectorAll("button")] : [element];
  for (const button of buttons) if ("disabled" in button) button.disabled = true;
  try {
    const answer = await post(address, fields);
    if (answer.location) location.assign(answer.location);
    else if (answer.message) say(answer.message);
  } catch (error) {
    const place = element.querySelector?.("[data-error]");
    if (place) { place.textContent = error.message; place.hidden = false; } else say(error.message);
  } finally {
    for (const button of buttons) if ("disabled" in button) button.disabled = false;
  }
}

document.addEventListener("click", async (event) => {
  const opener = event.target.closest?.("[data-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.open);
    // What the forms are about, where they do for several things.
    for (const [name, value] of new URLSearchParams(opener.dataset.fill ?? "")) {
      for (const form of dialog.querySelectorAll("form")) form.elements[name].value = value;
    }
    dialog?.showModal();
  }
  event.target.closest?.("[data-close]")?.closest("dialog").close();
  const copier = event.target.closest?.("[data-copy]");
  if (copier) {
    await navigator.clipboard?.writeText(copier.dataset.copy).catch(() => {});
    say(copier.dataset.copy);
  }
  const button = event.target.closest?.("button[data-post]");
  if (button && (!button.dataset.confirm || confirm(button.dataset.confirm))) act(button, button.dataset.post);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-post]")) return;
  event.preventDefault();
  act(form, form.dataset.post, new URLSearchParams(new FormData(form, event.submitter)));
});

// A piece of a page, which is made of what was written.
async function fetchPiece(address, fields, signal) {
  const response = await fetch(address, {
    method: "POST", headers: { "X-Stepwell-Intent": intent ?? "" }, body: fields, signal,
  });
  const answer = await response.text();
  if (response.ok) return new DOMParser().parseFromString(answer, "text/html").body;
  let message = String(response.status);
  try { message = JSON.parse(answer).error ?? message; } catch { /* what came is no answer of the console's */ }
  throw new Error(message);
}

// Forms whose buttons show what came of it beside them, or lead on.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-act]")) return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector("button");
  const fields = new URLSearchParams(new FormData(form, button));
  const place = button.dataset.into && document.querySelector(button.dataset.into);
  if (!place) return act(form, form.action, fields);
  const refusal = form.querySelector("[data-error]");
  refusal.hidden = true;
  button.disabled = true;
  try {
    const fresh = await fetchPiece(form.action, fields);
    place.replaceChildren(...document.importNode(fresh, true).childNodes);
    prepare(place);
  } catch (error) {
    refusal.textContent = error.message;
    refusal.hidden = false;
  } finally {
    button.disabled = false;
  }
});

// The page as it is now, in place of what it was; not while somebody writes or has something open.
async function renew() {
  const main = document.querySelector("main");
  if (document.hidden || main.querySelector("dialog[open], .events details[open], .runs[open], [data-extended], input:focus, select:focus") || main.contains(document.getSelection()?.anchorNode) && !document.getSelection().isCollapsed) return;
  if ([...main.querySelectorAll("input[data-find]")].some((input) => input.value !== input.defaultValue)) return;
  const response = await fetch(location.href).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
  if (!fresh) return;
  const focused = document.activeElement?.getAttribute?.("href");
  const scrolled = main.querySelector(".canvas")?.scrollTop;
  main.replaceChildren(...document.importNode(fresh, true).childNodes);
  prepare(main);
  if (scrolled) main.querySelector(".canvas").scrollTop = scrolled;
  if (focused) main.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// Figures that grow old are fetched again while somebody looks.
if (document.querySelector("[data-refresh]")) setInterval(renew, 5000);

// An execution that moves says so.
const live = document.querySelector("[data-live]")?.dataset.live;
if (live) {
  const source = new EventSource(live);
  let pending = false;
  source.addEventListener("message", async (event) => {
    if (!event.data.endsWith(" RUNNING")) source.close();
    if (pending) return;
    pending = true;
    // What comes at once is shown at once.
    await new Promise((done) => setTimeout(done, 150));
    pending = false;
    await renew();
  });
  addEventListener("pagehide", () => source.close());
}

// Keys: what stands in data-key, where nobody writes; / goes to the search.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); }
    return;
  }
  const element = [...document.querySelectorAll("[data-key]")].findLast((other) => other.dataset.key === event.key);
  if (element) { event.preventDefault(); element.click(); }
});


// Over plain HTTP from elsewhere a login can be read, and does not last.
if (document.querySelector("form[data-login]")) {
  if (!window.isSecureContext) document.getElementById("insecure").hidden = false;
  // Who comes from another site brings no cookie with the first request, and may be logged in all the same.
  fetch("/console/session", { redirect: "manual" }).then((response) => {
    const back = document.querySelector('input[name="to"]').value;
    if (response.status === 204) location.replace(back);
  }).catch(() => {});
}

document.addEventListener("DOMContentLoaded", () => prepare(document));
