// Long lists go on where one scrolls to. Without this there are links to the pages.
"use strict";

// After so many rows the reader is led to a page of its own.
const mostRows = 3000;

async function append(link) {
  const table = link.closest("section").querySelector("[data-rows]");
  link.dataset.loading = "";
  const response = await fetch(link.href).catch(() => null);
  delete link.dataset.loading;
  if (!response?.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const rows = page.querySelectorAll("[data-rows] > tr");
  if (!link.isConnected || rows.length === 0) return;
  table.dataset.extended = "";
  for (const row of rows) table.append(document.importNode(row, true));
  localizeTimes(table);
  const next = page.querySelector("a[data-scroll]");
  if (!next) { link.remove(); return; }
  // As the browser reads it on that page.
  link.setAttribute("href", next.getAttribute("href"));
  if (table.rows.length < mostRows) watch(link);
}

function watch(link) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    if (!("loading" in link.dataset)) append(link);
  }, { rootMargin: "600px" });
  observer.observe(link);
}

preparations.push((root) => { for (const link of root.querySelectorAll("a[data-scroll]")) watch(link); });
