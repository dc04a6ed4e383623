// The same done to many executions: a few in each request, until all are done or the reader has seen enough.
"use strict";

async function doAll(form) {
  const progress = form.querySelector("[data-progress]");
  const halt = form.querySelector("[data-halt]");
  const error = form.querySelector("[data-error]");
  const fields = new URLSearchParams(new FormData(form));
  let [done, refused, isHalted] = [0, 0, false];
  const show = (text) => { progress.textContent = text.replace("{done}", done).replace("{refused}", refused); };
  const buttons = form.querySelectorAll("button:not([data-halt])");
  for (const button of buttons) button.disabled = true;
  halt.hidden = false;
  error.hidden = true;
  halt.addEventListener("click", () => { isHalted = true; }, { once: true });
  try {
    do {
      const answer = await post(form.getAttribute("action"), fields);
      done += answer.done;
      refused += answer.refused;
      for (const { execution, reason } of answer.reasons) {
        const reasons = form.querySelector("[data-reasons]");
        if (reasons.childElementCount >= 50) break;
        const item = document.createElement("li");
        item.textContent = `${execution}: ${reason}`;
        reasons.append(item);
      }
      show(progress.dataset.done);
      fields.set("after", answer.next ?? "");
    } while (fields.get("after") !== "" && !isHalted);
    show(isHalted && fields.get("after") !== "" ? progress.dataset.broken : progress.dataset.over);
  } catch (failure) {
    error.textContent = failure.message;
    error.hidden = false;
  }
  halt.hidden = true;
}

// Enter in a field is not meant for so many.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("form[data-bulk] input")) event.preventDefault();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-bulk]")) return;
  event.preventDefault();
  doAll(event.target);
});
