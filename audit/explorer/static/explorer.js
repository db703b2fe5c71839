"use strict";
// Pages work without this. It tells how far a count is, and lets a person label by keyboard.
{
  const byId = (id) => document.getElementById(id);
  const plain = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.repeat);
  const inText = (target) => target.matches("input:not([type=checkbox]), textarea, select");

  const awaited = document.querySelector("[data-events]");
  if (awaited) {
    const bar = byId("progress");
    if (bar.dataset.share) bar.value = Number(bar.dataset.share);
    const source = new EventSource(awaited.dataset.events);
    source.addEventListener("message", (event) => {
      const told = JSON.parse(event.data);
      if (told.ended) {
        source.close();
        location.reload();
        return;
      }
      byId("running").textContent = told.running;
      byId("what").textContent = told.what;
      byId("numbers").textContent = told.numbers;
      if (told.share === null) bar.removeAttribute("value"); else bar.value = told.share;
    });
    source.addEventListener("error", () => {
      byId("what").textContent = "The server does not answer. Is it still running?";
    });
  }

  // On a small screen facets are opened by who wants them.
  const facets = document.querySelector("details.facets");
  if (facets && matchMedia("(max-width: 48rem)").matches && !document.querySelector(".chosen")) {
    facets.open = false;
  }

  const answers = byId("answers");
  if (answers) {
    let sent = false;
    answers.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
    addEventListener("pageshow", () => { sent = false; });
    document.addEventListener("keydown", (event) => {
      if (!plain(event) || inText(event.target)) return;
      const key = event.key.toLowerCase();
      const button = answers.querySelector(`button[data-key="${CSS.escape(key)}"]`);
      const move = { backspace: "back", arrowleft: "back", arrowright: "on" }[key];
      if (button) {
        event.preventDefault();
        button.click();
      } else if (move) {
        event.preventDefault();
        byId(move)?.click();
      }
    });
    byId("keys").hidden = false;
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && plain(event) && !inText(event.target)) {
      event.preventDefault();
      byId("quick").focus();
    }
  });
}
