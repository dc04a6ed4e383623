// What pages do by themselves: times in the reader's zone, actions, fresh figures, keys. Everything reads without it.
"use strict";

const intent = document.querySelector('meta[name="intent"]')?.content;
const language = document.documentElement.lang;

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

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-post]");
  if (button && (!button.dataset.confirm || confirm(button.dataset.confirm))) act(button, button.dataset.post);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-post]")) return;
  event.preventDefault();
  act(form, form.dataset.post, new URLSearchParams(new FormData(form, event.submitter)));
});

// Figures that grow old are fetched again while somebody looks.
function refresh() {
  const old = document.querySelector("[data-refresh]");
  if (!old) return;
  setInterval(async () => {
    if (document.hidden) return;
    const response = await fetch(location.href).catch(() => null);
    if (!response?.ok || response.redirected) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh || document.querySelector("main").innerHTML === fresh.innerHTML) return;
    const focused = document.activeElement?.getAttribute?.("href");
    const main = document.querySelector("main");
    main.replaceChildren(...document.importNode(fresh, true).childNodes);
    localizeTimes(main);
    if (focused) main.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }, 5000);
}

// Over plain HTTP from elsewhere a login can be read, and does not last.
if (document.querySelector("form[data-login]")) {
  if (!window.isSecureContext) document.getElementById("insecure").hidden = false;
  // Who comes from another site brings no cookie with the first request, and may be logged in all the same.
  fetch("/console/session", { redirect: "manual" }).then((response) => {
    const back = document.querySelector('input[name="to"]').value;
    if (response.status === 204) location.replace(back);
  }).catch(() => {});
}

localizeTimes(document);
refresh();
