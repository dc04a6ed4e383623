// What pages do by themselves: times in the reader's zone, actions, keys. Everything reads without it.
"use strict";

const language = document.documentElement.lang;

// What is done to a page, and to every part of it that is fetched later; other files add to it.
const preparations = [localizeTimes];
function prepare(root) { for (const preparation of preparations) preparation(root); }

// Times, in the reader's zone; UTC when pointed at.
const zoned = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const written = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/;
function localizeTimes(root) {
  // In sentences as well.
  for (const sentence of root.querySelectorAll(".why li")) {
    for (const text of [...sentence.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)) {
      const [moment] = written.exec(text.data) ?? [];
      if (!moment) continue;
      const time = document.createElement("time");
      time.dateTime = moment.replace(" ", "T").replace(" UTC", "Z");
      const rest = text.splitText(text.data.indexOf(moment));
      rest.data = rest.data.slice(moment.length);
      rest.before(time);
    }
  }
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
async function send(address, fields, signal) {
  const intent = document.querySelector('meta[name="intent"]').content;
  try {
    return await fetch(address, {
      method: "POST", headers: { "X-Stepwell-Intent": intent }, body: fields ?? new URLSearchParams(), signal,
    });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(document.getElementById("connection").dataset.unsent);
  }
}

// Why nothing came of it, as the server says it.
async function refusal(response) {
  if (response.status === 401) tell("over");
  const answer = await response.json().catch(() => ({}));
  return new Error(answer.error ?? String(response.status));
}

async function post(address, fields) {
  const response = await send(address, fields);
  if (!response.ok) throw await refusal(response);
  return response.json();
}

// A piece of a page, which is made of what was written.
async function fetchPiece(address, fields, signal) {
  const response = await send(address, fields, signal);
  if (!response.ok) throw await refusal(response);
  return new DOMParser().parseFromString(await response.text(), "text/html").body;
}

async function act(element, address, fields) {
  const buttons = element.matches("button") ? [element] : element.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    // Until the next page is there nobody does it twice.
    location.assign((await post(address, fields)).location);
  } catch (error) {
    const place = element.querySelector("[data-error]");
    if (place) { place.textContent = error.message; place.hidden = false; } else say(error.message);
    for (const button of buttons) button.disabled = false;
  }
}

addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("button:disabled")) button.disabled = false;
});

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
  if (event.target.closest?.("[data-keys]")) showKeys();
  const copier = event.target.closest?.("[data-copy]");
  if (copier) {
    await navigator.clipboard?.writeText(copier.dataset.copy).catch(() => {});
    say(copier.dataset.copy);
  }
  const button = event.target.closest?.("button[data-post]");
  if (button && (!button.dataset.confirm || confirm(button.dataset.confirm))) act(button, button.dataset.post);
});

// Forms change something and lead on; some buttons show what came of it beside them.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-act]")) return;
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  const button = event.submitter ?? form.querySelector("button");
  const address = form.getAttribute("action");
  const fields = new URLSearchParams(new FormData(form, button));
  const place = button.dataset.into && document.querySelector(button.dataset.into);
  if (!place) return act(form, address, fields);
  const refused = form.querySelector("[data-error]");
  refused.hidden = true;
  button.disabled = true;
  try {
    const fresh = await fetchPiece(address, fields);
    place.replaceChildren(...document.importNode(fresh, true).childNodes);
    prepare(place);
  } catch (error) {
    refused.textContent = error.message;
    refused.hidden = false;
  } finally {
    button.disabled = false;
  }
});

// Keys: what stands in data-key, where nobody writes; / goes to the search, and ? says all of them.
function showKeys() {
  const dialog = document.getElementById("keys");
  const keys = new Map([...document.querySelectorAll("[data-key]")].map((element) => [element.dataset.key, element.textContent.trim()]));
  if (document.querySelector("main [data-search]")) keys.set("/", dialog.dataset.search);
  dialog.querySelector("dl").replaceChildren(...[...keys].flatMap(([key, text]) => {
    const [name, meaning] = [document.createElement("dt"), document.createElement("dd")];
    name.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    meaning.textContent = text;
    return [name, meaning];
  }));
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.key === "?") return showKeys();
  if (event.key === "/") {
    const search = document.querySelector("main [data-search]");
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

// Where the pages' names don't all have room, the one that is open is in sight.
{
  const here = document.querySelector(".bar nav [aria-current]");
  if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 16;
}
