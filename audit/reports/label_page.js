"use strict";
{
  const list = document.querySelector("[data-task]");
  const task = list.dataset.task;
  const samples = [...list.querySelectorAll("fieldset")];
  const store = `audit-labels-${task}`;
  let labels = {};
  try { labels = JSON.parse(localStorage.getItem(store)) || {}; } catch { labels = {}; }

  const tell = () => {
    const done = samples.filter((sample) => labels[sample.id]).length;
    document.getElementById("done").textContent = `${done} of ${samples.length} labelled`;
  };
  const focus = (number) => {
    const sample = samples[Math.max(0, Math.min(samples.length - 1, number))];
    (sample.querySelector("input:checked") || sample.querySelector("input")).focus();
    sample.scrollIntoView({ block: "nearest" });
  };
  const give = (sample, label) => {
    labels[sample.id] = label;
    sample.querySelector(`input[value=${label}]`).checked = true;
    try { localStorage.setItem(store, JSON.stringify(labels)); } catch { /* kept in the page only */ }
    tell();
  };

  for (const sample of samples) {
    if (labels[sample.id]) give(sample, labels[sample.id]);
  }
  tell();
  list.addEventListener("change", (event) => give(event.target.closest("fieldset"), event.target.value));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = samples.indexOf(document.activeElement.closest("fieldset"));
    const label = { y: "yes", n: "no", u: "unsure" }[event.key.toLowerCase()];
    if (label) {
      const first = samples.findIndex((sample) => !labels[sample.id]);
      const number = at >= 0 ? at : Math.max(first, 0);
      give(samples[number], label);
      focus(number + 1);
    } else if (event.key === "ArrowRight" || event.key === "ArrowDown") {
      focus(at + 1);
    } else if (event.key === "ArrowLeft" || event.key === "ArrowUp") {
      focus(at - 1);
    } else {
      return;
    }
    event.preventDefault();
  });
  document.getElementById("save").addEventListener("click", () => {
    const lines = samples.map((sample) => `${sample.id},${labels[sample.id] || ""}`);
    const text = ["label_id,label", ...lines, ""].join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = list.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
