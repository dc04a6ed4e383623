// JSON as a tree that opens and closes and can be searched. Without this it is text.
"use strict";

// More lines than this stay text.
const largestTree = 5000;

// The server has indented the text: every line is a value, or the beginning or the end of one. The tree is made of lines,
// and not of what a browser would read them as, so that numbers, the order of members and names that occur twice stay.
function growTree(pre) {
  const lines = pre.textContent.split("\n");
  if (lines.length > largestTree || !/^[\[{]$/.test(lines[0])) return;
  const root = document.createElement("ul");
  root.className = "tree";
  let list = root;
  for (const text of lines) {
    const [, name, value] = /^\s*("(?:[^"\\]|\\.)*"(?=: ))?:?\s*(.*)$/s.exec(text) ?? [];
    if (/^[\]}]/.test(value ?? "")) {
      list = list.parentElement?.closest("ul") ?? root;
      continue;
    }
    const item = document.createElement("li");
    const key = document.createElement("span");
    key.className = "key";
    key.textContent = name === undefined ? "" : `${name.slice(1, -1)}: `;
    list.append(item);
    if (value === "{" || value === "[") {
      const details = document.createElement("details");
      const summary = document.createElement("summary");
      const inner = document.createElement("ul");
      details.open = true;
      summary.append(key, value === "{" ? "{…}" : "[…]");
      details.append(summary, inner);
      item.append(details);
      list = inner;
    } else {
      const leaf = document.createElement("span");
      const shown = (value ?? "").replace(/,$/, "");
      leaf.className = shown.startsWith('"') ? "string" : "other";
      leaf.textContent = shown;
      item.append(key, leaf);
    }
  }
  pre.replaceChildren(root);
}

function growTrees(root) {
  for (const pre of root.querySelectorAll("pre[data-json]")) growTree(pre);
}

// What matches is marked, and what has no match in it is folded away.
function find(input) {
  const term = input.value.toLowerCase();
  const panel = input.closest(".panel");
  let count = 0;
  for (const tree of panel.querySelectorAll(".tree")) {
    for (const item of tree.querySelectorAll("li")) item.hidden = term !== "";
    for (const part of tree.querySelectorAll(".key, .string, .other")) {
      const isFound = term !== "" && part.textContent.toLowerCase().includes(term);
      part.classList.toggle("found", isFound);
      if (!isFound) continue;
      count += 1;
      for (let item = part.closest("li"); item; item = item.parentElement.closest("li")) {
        item.hidden = false;
        const details = item.querySelector(":scope > details");
        if (details) details.open = true;
      }
      // Under a name that matches stands what is wanted.
      if (part.matches(".key")) for (const item of part.closest("li").querySelectorAll("li")) item.hidden = false;
    }
  }
  panel.querySelector("[data-found]").textContent = term === "" ? "" : String(count);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("input[data-find]")) find(event.target);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});

preparations.push((root) => {
  growTrees(root);
  for (const input of root.querySelectorAll("input[data-find]")) if (input.value !== "") find(input);
});
