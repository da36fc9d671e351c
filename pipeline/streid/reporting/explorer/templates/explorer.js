"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const VERDICTS = [
    { name: "right", sign: "\u2713", words: "right" },
    { name: "wrong", sign: "\u2717", words: "wrong" },
    { name: "ignored", sign: "\u2013", words: "junk" },
    { name: "ignored", sign: "\u2013", words: "own camera", short: "own" },
  ];
  const IDENTITIES = { "-1": "junk", 0: "distractor" };
  const models = data.models.flatMap((set, number) => set.map((model, place) => ({ ...model, set: number, place })));
  const control = Object.fromEntries(
    ["model", "fusion", "order", "verdict", "camera", "identity", "query"].map((id) => [id, document.getElementById(id)]),
  );
  const view = document.getElementById("view");
  const state = { ...data.best, order: "number", verdict: "", camera: "", identity: "", query: -1 };

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function thumbnail(picture, alt) {
    const image = element("img");
    image.src = `data:image/webp;base64,${data.thumbnails[picture]}`;
    image.alt = alt;
    return image;
  }

  const model = () => models.find((one) => one.name === state.model);
  const fusion = () => model().fusions.find((one) => one.name === state.fusion);
  const personOf = (picture) => IDENTITIES[data.pictures[picture][1]] ?? String(data.pictures[picture][1]);
  const personWords = (who) => (/^\d+$/.test(who) ? `id ${who}` : who);
  const listsOf = (query) => query.lists[model().place][model().fusions.indexOf(fusion())];

  function difficulty(query) {
    const precision = listsOf(query).at(-1)?.[0];
    return precision ?? 2;
  }

  // By the last list, like the order.
  function isOfVerdict(query) {
    const first = listsOf(query).at(-1)?.[1] ?? 0;
    return state.verdict === "" || (state.verdict === "right" ? first === 1 : first > 1);
  }

  function chosen() {
    const kept = data.queries[model().set].filter((query) => {
      const [, pid, camera] = data.pictures[query.picture];
      return isOfVerdict(query) && (state.camera === "" || String(camera) === state.camera) && (state.identity === "" || String(pid) === state.identity);
    });
    const byNumber = (one, other) => one.row - other.row;
    const worstFirst = (one, other) => difficulty(one) - difficulty(other) || byNumber(one, other);
    return kept.sort(state.order === "worst" ? worstFirst : byNumber);
  }

  function fill(select, options, value) {
    select.replaceChildren(
      ...options.map(([key, words]) => {
        const option = element("option", "", words);
        option.value = key;
        return option;
      }),
    );
    select.value = value;
  }

  function distinct(field) {
    const found = new Set(data.queries[model().set].map((query) => data.pictures[query.picture][field]));
    return [...found].sort((one, other) => one - other).map((value) => [String(value), String(value)]);
  }

  function settle() {
    if (!model()) state.model = data.best.model;
    if (!fusion()) state.fusion = data.best.fusion;
    if (!fusion()) state.fusion = model().fusions[0].name;
    if (!["number", "worst"].includes(state.order)) state.order = "number";
    if (!["", "wrong", "right"].includes(state.verdict)) state.verdict = "";
    for (const [name, field] of [["camera", 2], ["identity", 1]]) {
      if (!distinct(field).some(([value]) => value === state[name])) state[name] = "";
    }
    const queries = chosen();
    if (!queries.some((query) => query.row === state.query)) state.query = queries[0]?.row ?? 0;
    return queries;
  }

  function precisionText([precision, first]) {
    if (precision === null) return "no right match in the gallery";
    const rank = first === 1 ? "right match at rank 1" : `first right match at rank ${first.toLocaleString("en")}`;
    return `average precision ${(100 * precision).toFixed(1)}\u00a0%, ${rank}`;
  }

  function drawHit([picture, verdict, s, times, joint, score, gap], rank, kind) {
    const [path, , camera] = data.pictures[picture];
    const { name, sign, words, short } = VERDICTS[verdict];
    const place = name === "ignored" ? short ?? words : `${rank}`;
    const who = personOf(picture);
    const parts = [["s", s.toFixed(3)]];
    if (times !== null) parts.push([fusion().times, fusion().signed ? signed(times) : times.toFixed(4)]);
    if (times !== null) parts.push(["joint", joint.toFixed(3)]);
    if (kind === "reranked") parts.push(["d", (-score).toFixed(3)]);
    const list = element("dl", "", ...parts.map(([key, value]) => element("div", "", element("dt", "", key), element("dd", "", value))));
    const item = element(
      "li",
      name,
      thumbnail(picture, `${words}, ${name === "ignored" ? "ignored" : `rank ${rank}`}: ${personWords(who)}, camera ${camera}, ${gap}`),
      element("p", "verdict", element("b", "", sign), ` ${place}`),
      element("p", "", personWords(who)),
      element("p", "", `camera ${camera}`),
      element("p", "", gap),
      list,
    );
    item.title = path;
    return item;
  }

  const signed = (value) => `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(2)}`;

  function drawStream([kind, title], list) {
    let rank = 0;
    const items = list[3].map((hit) => drawHit(hit, hit[1] < 2 ? ++rank : rank, kind));
    if (list[4]) {
      const missed = drawHit(list[4], list[1].toLocaleString("en"), kind);
      missed.classList.add("missed");
      items.push(missed);
    }
    const heading = element("h3", "", title, element("span", "", precisionText(list)));
    const hits = element("ol", "hits", ...items);
    const section = element("section", `stream ${kind}`, heading, hits);
    if (list[2]) section.append(element("p", "note", `${list[2].toLocaleString("en")} more ignored among these`));
    section.setAttribute("aria-label", title);
    return section;
  }

  function drawQuery(query) {
    const [path, , camera, session] = data.pictures[query.picture];
    const time = query.time;
    const facts = [
      ["Query", `${(query.row + 1).toLocaleString("en")} of ${data.totals[model().set].toLocaleString("en")}`],
      ["Identity", personOf(query.picture)],
      ["Camera", camera],
      ["Time", time === null ? "not known" : `${time.toLocaleString("en")} ${data.unit}, session ${session}`],
    ];
    return element(
      "section",
      "query",
      thumbnail(query.picture, `query: ${personWords(personOf(query.picture))}, camera ${camera}`),
      element(
        "div",
        "",
        element("dl", "facts", ...facts.map(([key, value]) => element("div", "", element("dt", "", key), element("dd", "", String(value))))),
        element("p", "path", path),
      ),
    );
  }

  function drawControls(queries) {
    const set = data.queries[model().set];
    fill(control.model, models.map((one) => [one.name, one.name]), state.model);
    fill(control.fusion, model().fusions.map((one) => [one.name, one.title]), state.fusion);
    control.order.value = state.order;
    control.verdict.value = state.verdict;
    fill(control.camera, [["", "all"], ...distinct(2)], state.camera);
    fill(control.identity, [["", "all"], ...distinct(1)], state.identity);
    fill(control.query, queries.map((one) => [String(one.row), `${one.row + 1}`]), String(state.query));
    document.querySelector('[data-for="model"]').hidden = models.length < 2;
    document.querySelector('[data-for="fusion"]').hidden = model().fusions.length < 2;
    const total = data.totals[model().set];
    document.getElementById("extent").textContent =
      set.length === total
        ? `All ${total.toLocaleString("en")} queries, each with its best ten gallery pictures.`
        : `${set.length.toLocaleString("en")} of ${total.toLocaleString("en")} queries, each with its best ten gallery pictures: ` +
          `the hardest of ${data.best.model}, and as many drawn at random.`;
    const { times, meaning } = fusion();
    const said = times ? [element("i", "", times), ` is ${meaning}; `] : [];
    document.getElementById("parts").replaceChildren(...said);
  }

  function draw() {
    const queries = settle();
    drawControls(queries);
    const place = queries.findIndex((query) => query.row === state.query);
    document.getElementById("position").textContent = queries.length ? `${place + 1} / ${queries.length}` : "none";
    document.getElementById("previous").disabled = place <= 0;
    document.getElementById("next").disabled = place >= queries.length - 1;
    if (place < 0) {
      view.replaceChildren(element("p", "note", "No query fits all of these filters."));
    } else {
      const lists = listsOf(queries[place]);
      view.replaceChildren(drawQuery(queries[place]), ...fusion().streams.map((stream, number) => drawStream(stream, lists[number])));
    }
    const shown = { ...state, query: state.query + 1 };
    const link = new URLSearchParams(Object.entries(shown).filter(([, value]) => value !== "").map(([key, value]) => [key, String(value)]));
    if (location.hash.slice(1) !== link.toString()) history.replaceState(null, "", `#${link}`);
  }

  function readLink() {
    const link = new URLSearchParams(location.hash.slice(1));
    for (const name of ["model", "fusion", "order", "verdict", "camera", "identity"]) {
      if (link.has(name)) state[name] = link.get(name);
    }
    state.query = link.has("query") ? Number(link.get("query")) - 1 : -1;
    draw();
  }

  function step(change) {
    const queries = chosen();
    const place = queries.findIndex((query) => query.row === state.query);
    const next = Math.min(Math.max(change(place, queries.length), 0), queries.length - 1);
    if (next >= 0 && next !== place) {
      state.query = queries[next].row;
      draw();
    }
  }

  function turn(name, options) {
    const place = options.findIndex((one) => one.name === state[name]);
    const path = pathShown();
    state[name] = options[(place + 1) % options.length].name;
    if (name === "model") keepPicture(path);
    draw();
  }

  const pathShown = () => {
    const query = data.queries[model().set].find((one) => one.row === state.query);
    return query && data.pictures[query.picture][0];
  };

  // Another model may number its queries differently; the same picture stays in view if that model has it.
  function keepPicture(path) {
    const same = data.queries[model().set].find((one) => data.pictures[one.picture][0] === path);
    if (same) state.query = same.row;
  }

  const KEYS = {
    ArrowLeft: () => step((place) => place - 1),
    ArrowRight: () => step((place) => place + 1),
    Home: () => step(() => 0),
    End: () => step((_, count) => count - 1),
    m: () => turn("model", models),
    f: () => turn("fusion", model().fusions),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.("select, input") || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  for (const name of ["model", "fusion", "order", "verdict", "camera", "identity", "query"]) {
    control[name].addEventListener("change", () => {
      const path = pathShown();
      state[name] = name === "query" ? Number(control[name].value) : control[name].value;
      if (name === "model") keepPicture(path);
      if (name === "order") state.query = chosen()[0]?.row ?? 0;
      draw();
    });
  }
  document.getElementById("previous").addEventListener("click", KEYS.ArrowLeft);
  document.getElementById("next").addEventListener("click", KEYS.ArrowRight);
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", readLink);
  readLink();
})();
