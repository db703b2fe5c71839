"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const json = (id) => { const found = byId(id); return found ? JSON.parse(found.textContent) : null; };

  /** Text that packing.py compressed. */
  async function unpack(id) {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (one) => one.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  // Charts: Vega is started when the first comes near the window.
  let vega = null;
  function started() {
    vega ??= unpack("vega").then((text) => {
      const script = document.createElement("script");
      script.textContent = text;
      document.head.append(script);
      return window.vegaEmbed;
    });
    return vega;
  }
  const CONFIG = {
    background: null,
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: { labelColor: "var(--ink)", titleColor: "var(--soft)", gridColor: "var(--line)", domainColor: "var(--line)", tickColor: "var(--line)", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 240 },
    legend: { labelColor: "var(--ink)", titleColor: "var(--soft)", labelFontSize: 12 },
  };
  async function draw(figure) {
    if (figure.dataset.drawn) return;
    figure.dataset.drawn = "begun";
    const drawing = figure.querySelector(".drawing");
    const spec = JSON.parse(figure.querySelector("script").textContent);
    const embed = await started();
    const width = drawing.clientWidth;
    figure.dataset.width = width;
    const config = width < 500
      ? { ...CONFIG, axis: { ...CONFIG.axis, labelLimit: 110 }, legend: { ...CONFIG.legend, columns: 2 } }
      : CONFIG;
    await embed(drawing, { ...spec, width, autosize: { type: "fit-x", contains: "padding" } }, {
      ast: true, actions: false, renderer: "svg", defaultStyle: false, config,
      tooltip: (handler, event, item, value) => {
        drawing.title = value === null || value === undefined || value === "" ? "" : String(value);
      },
    });
    // The words and the table behind it say what the drawing shows.
    drawing.querySelectorAll("svg, [role=graphics-document]").forEach((one) => {
      one.setAttribute("aria-hidden", "true");
      one.removeAttribute("aria-label");
    });
    figure.dataset.drawn = "done";
  }
  const charts = [...document.querySelectorAll(".chart")];
  const near = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) { near.unobserve(one.target); draw(one.target); }
  }, { rootMargin: "600px" });
  charts.forEach((one) => near.observe(one));
  window.addEventListener("beforeprint", () => charts.forEach(draw));
  // Paper has no way to open what is closed.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((one) => { one.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));
  let settled = 0;
  window.addEventListener("resize", () => {
    clearTimeout(settled);
    settled = setTimeout(() => {
      for (const one of charts) {
        const width = one.querySelector(".drawing").clientWidth;
        if (one.dataset.drawn === "done" && Math.abs(width - one.dataset.width) > 20) {
          delete one.dataset.drawn;
          draw(one);
        }
      }
    }, 200);
  });

  // The table of concepts.
  const table = byId("concepts");
  const keys = json("concept-keys");
  let rows = null;
  const state = { column: null, descending: false, page: 0, found: "", kind: "" };
  async function allRows() {
    rows ??= byId("concept-rows")
      ? JSON.parse(await unpack("concept-rows"))
      : [...table.tBodies[0].rows].map((one) => one.outerHTML);
    return rows;
  }
  const plain = (text) => text.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "");
  function chosen() {
    const wanted = plain(state.found).trim();
    let places = keys.number.map((_, place) => place);
    if (wanted) places = places.filter((place) => keys.found[place].includes(wanted));
    if (state.kind) places = places.filter((place) => keys.kind[place] === state.kind);
    if (state.column) {
      const values = keys.columns[state.column];
      const sign = state.descending ? -1 : 1;
      places.sort((a, b) => {
        const [x, y] = [values[a], values[b]];
        if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1; // unknown comes last
        return x < y ? -sign : x > y ? sign : a - b;
      });
    }
    return places;
  }
  async function show() {
    const size = keys.page;
    const [html, places] = [await allRows(), chosen()];
    const pages = Math.max(Math.ceil(places.length / size), 1);
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * size;
    const here = places.slice(first, first + size);
    // Rows are the report's own markup; texts of others were escaped when it was made.
    table.tBodies[0].innerHTML = here.map((place) => html[place]).join("");
    byId("concepts-shown").textContent = places.length
      ? `${(first + 1).toLocaleString("en")} to ${(first + here.length).toLocaleString("en")} of ${places.length.toLocaleString("en")} concepts`
      : "No concept is called so.";
    byId("concepts-before").hidden = byId("concepts-after").hidden = pages === 1;
    byId("concepts-before").disabled = state.page === 0;
    byId("concepts-after").disabled = state.page >= pages - 1;
  }
  if (table && keys) {
    const tools = byId("concept-tools");
    tools.hidden = byId("concept-pager").hidden = false;
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const key = head.dataset.key;
        const fresh = state.column !== key;
        // Of numbers the largest first, of texts the first.
        state.descending = fresh ? head.classList.contains("number") : !state.descending;
        state.column = key;
        state.page = 0;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
        show();
      });
    }
    byId("concepts-find").addEventListener("input", (event) => { state.found = event.target.value; state.page = 0; show(); });
    byId("concepts-kind").addEventListener("change", (event) => { state.kind = event.target.value; state.page = 0; show(); });
    byId("concepts-before").addEventListener("click", () => { state.page -= 1; show(); });
    byId("concepts-after").addEventListener("click", () => { state.page += 1; show(); });
    show();
  }

  // Sections of concepts: pages that do not fit are unpacked when somebody goes there.
  const sections = byId("sections");
  let page = 0;
  async function turn(to) {
    const pages = Math.ceil(keys.number.length / keys.sections);
    to = Math.min(Math.max(to, 0), pages - 1);
    if (to !== page) {
      sections.innerHTML = await unpack(`sections-${to}`);
      page = to;
      prepare(sections);
    }
    const first = page * keys.sections;
    const last = Math.min(first + keys.sections, keys.number.length);
    document.querySelectorAll(".sections-shown").forEach((one) => {
      one.textContent = `${(first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${keys.number.length.toLocaleString("en")}, in the order of the verdicts`;
    });
    document.querySelectorAll(".sections-before").forEach((one) => { one.disabled = page === 0; });
    document.querySelectorAll(".sections-after").forEach((one) => { one.disabled = page >= pages - 1; });
  }
  const isPaged = Boolean(byId("sections-0"));
  if (isPaged) {
    document.querySelectorAll(".sections-pager").forEach((one) => { one.hidden = false; });
    const go = async (to) => { await turn(to); byId("each-concept").scrollIntoView(); };
    document.querySelectorAll(".sections-before").forEach((one) => one.addEventListener("click", () => go(page - 1)));
    document.querySelectorAll(".sections-after").forEach((one) => one.addEventListener("click", () => go(page + 1)));
    turn(0);
  }

  // Addresses inside the page: open what they lead to, wherever it is kept.
  async function follow() {
    const name = decodeURIComponent(location.hash.slice(1));
    const told = /^(?:concept|name)-(\d+)$|^rows-(\d+)-\d+$/.exec(name);
    if (told && isPaged && !byId(name)) {
      const place = keys.number.indexOf(Number(told[1] ?? told[2]));
      if (place >= 0) await turn(Math.floor(place / keys.sections));
    }
    const target = name && byId(name);
    if (!target) return;
    for (let one = target.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
    target.scrollIntoView();
    if (target.tabIndex === -1) target.focus({ preventScroll: true });
  }
  window.addEventListener("hashchange", follow);

  function prepare(within) {
    for (const button of within.querySelectorAll(".copy")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const code = button.previousElementSibling;
        try {
          await navigator.clipboard.writeText(code.textContent);
          button.textContent = "Copied";
        } catch {
          // Some browsers let no file use the clipboard: mark it, so that Ctrl-C does.
          getSelection().selectAllChildren(code);
          button.textContent = "Marked: copy with Ctrl-C";
        }
      });
    }
  }
  prepare(document);
  if (location.hash) follow();
})();
