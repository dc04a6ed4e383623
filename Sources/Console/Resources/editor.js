// The editor of a definition: numbers beside the lines, what is wrong with them while one types, the graph of the draft, and
// states tried out.
"use strict";

{
  const form = document.querySelector("form.editor");
  const text = document.getElementById("text");
  const gutter = form.querySelector(".gutter");
  const draft = document.getElementById("draft");
  const outcome = form.querySelector("[data-outcome]");
  const refusal = form.querySelector("p[data-error]");
  const summary = form.querySelector("[data-summary]");
  let isChanged = false;

  // Numbers, with a mark where something is wrong. Lines don't wrap, so that they stand beside each other.
  let numbered = "";
  function number() {
    const marks = new Map();
    for (const item of draft.querySelectorAll("[data-findings] [data-line]")) {
      const line = Number(item.dataset.line);
      if (line && marks.get(line) !== "failed") marks.set(line, item.dataset.tone);
    }
    const count = text.value.split("\n").length;
    // Most keys change none of it.
    const wanted = JSON.stringify([count, ...marks]);
    if (wanted === numbered) return;
    numbered = wanted;
    const lines = document.createDocumentFragment();
    for (let line = 1; line <= count; line += 1) {
      const mark = document.createElement("span");
      mark.textContent = `${line}\n`;
      if (marks.has(line)) mark.className = marks.get(line);
      lines.append(mark);
    }
    gutter.replaceChildren(lines);
    gutter.scrollTop = text.scrollTop;
  }

  function goTo(line) {
    const lines = text.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, other) => sum + other.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    text.scrollTop = (line - 4) * (text.scrollHeight / lines.length);
  }

  function fields(button) {
    return new URLSearchParams(new FormData(form, button));
  }

  // The draft as it is now. While it is no machine, the last graph stays.
  let checking = null;
  async function check() {
    if (!form.dataset.draft) return;
    checking?.abort();
    checking = new AbortController();
    try {
      const sent = new URLSearchParams({ definition: text.value, type: form.elements.type.value });
      const fresh = await fetchPiece(form.dataset.draft, sent, checking.signal);
      const old = draft.querySelector("[data-drawing]");
      const drawing = fresh.querySelector("[data-drawing]");
      if (!drawing.childElementCount && old?.childElementCount) {
        old.classList.add("stale");
        drawing.replaceWith(old);
      }
      draft.replaceChildren(...document.importNode(fresh, true).childNodes);
      // For those who hear it: the first thing that is wrong, and no graph.
      const first = draft.querySelector(".findings li") ?? draft.querySelector("[data-findings] p");
      const words = first?.textContent.trim() ?? "";
      if (summary.textContent !== words) summary.textContent = words;
      number();
    } catch (error) {
      if (error.name !== "AbortError") say(error.message);
    }
  }

  let timer;
  text.addEventListener("input", () => {
    isChanged = true;
    number();
    clearTimeout(timer);
    timer = setTimeout(check, 300);
  });
  text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
  if (form.elements.type.tagName === "SELECT") form.elements.type.addEventListener("change", check);

  draft.addEventListener("click", (event) => {
    const finding = event.target.closest("[data-line]");
    if (finding && Number(finding.dataset.line)) {
      event.preventDefault();
      goTo(Number(finding.dataset.line));
    }
    const state = event.target.closest("[data-state]");
    if (!state) return;
    event.preventDefault();
    if (form.elements.state) form.elements.state.value = state.dataset.state;
    const key = `${JSON.stringify(state.dataset.state)}:`;
    const line = text.value.split("\n").findIndex((other) => other.replace(/\s+:/, ":").includes(key));
    if (line >= 0) goTo(line + 1);
  });

  // Only what belongs to what stands for the state's work.
  const mock = form.querySelector("[data-switch]");
  function choose() {
    for (const part of form.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== mock.value;
  }
  if (mock) {
    mock.addEventListener("change", choose);
    choose();
  }

  async function test(button) {
    // A button that is disabled is not sent.
    const sent = fields(button);
    button.disabled = true;
    try {
      const fresh = await fetchPiece(form.getAttribute("action"), sent);
      outcome.replaceChildren(...document.importNode(fresh, true).childNodes);
      prepare(outcome);
    } catch (error) {
      say(error.message);
    } finally {
      button.disabled = false;
    }
  }

  async function save(button) {
    refusal.hidden = true;
    const sent = fields(button);
    button.disabled = true;
    try {
      const answer = await post(form.getAttribute("action"), sent);
      isChanged = false;
      location.assign(answer.location);
    } catch (error) {
      refusal.textContent = error.message;
      refusal.hidden = false;
      refusal.scrollIntoView({ block: "nearest" });
    } finally {
      button.disabled = false;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    let button = event.submitter ?? form.querySelector("button");
    // Who presses Enter where a state is tried out means that.
    if (button.matches("[data-check]") && document.activeElement.closest("#state-test")) button = form.querySelector("[data-test]");
    if (button.matches("[data-check]")) check();
    else if (button.matches("[data-test]")) test(button);
    else save(button);
  });

  text.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
    event.preventDefault();
    form.querySelector('button[value="save"]')?.click();
  });

  addEventListener("beforeunload", (event) => { if (isChanged) event.preventDefault(); });

  number();
}
