"use strict";
// Looks up the answers that the page carries and draws them as SVG with D3. Nothing is computed but positions, ranks
// and counts of the models shown.
(function () {
  const $ = (id) => document.getElementById(id);
  const NEVER = -1;
  const AT_ONCE = -2;
  const NEARBY = 0.5; // decades, as in analysis/headline.py
  const PAPER = 690; // pixels between the margins of a page
  let onPaper = false;
  let data, state, charts = [], pinned = null, saving, speaking, playing;

  // ---- words ----------------------------------------------------------------------------------------------------

  const superscript = (n) => [...String(n)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] || "⁻").join("");
  const shown = (name, most = 60) => (name.length > most ? name.slice(0, most - 1) + "…" : name);
  const short = (name, most) => shown(name.split("/").pop(), most);
  const percent = (millionths) => Math.round(millionths / 1e4) + "%";
  const range = (cell) => `${Math.round(cell.l / 1e4)}–${percent(cell.u)}`;
  const signed = (millionths) => {
    const n = Math.round(millionths / 1e4);
    return n > 0 ? "+" + n : n < 0 ? "−" + -n : "0";
  };
  const probability = (thousandths) =>
    thousandths >= 1000 ? ">0.999" : thousandths <= 0 ? "<0.001" : (thousandths / 1000).toFixed(3);
  const plural = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
  const parts = (value) => {
    const [mantissa, exponent] = value.toExponential(2).split("e");
    return [mantissa.replace(/\.?0+$/, ""), Number(exponent)];
  };
  const typed = (value) => parts(value).join("e");
  const typeset = (value) => {
    const [mantissa, exponent] = parts(value);
    return (mantissa === "1" ? "" : mantissa + "×") + "10" + superscript(exponent);
  };
  const needed = (code) => {
    if (code === NEVER) return "> 1e28";
    if (code === AT_ONCE) return "< 1e18";
    return typed(Math.floor(code / 100) / 10 * 10 ** (code % 100));
  };
  const rare = (tau) => {
    const times = 1 / (1 - tau);
    return Math.abs(times - Math.round(times)) < 0.01 * times ? `1 in ${Math.round(times)}` : `${+(100 * (1 - tau)).toPrecision(4)}% of`;
  };
  const element = (name, words, attributes = {}) => {
    const made = document.createElement(name);
    if (words !== undefined) made.textContent = words;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // ---- answers --------------------------------------------------------------------------------------------------

  const fit = () => data.fits[state.tau];
  const hasBases = () => fit().bases.length > 0;
  const nearest = (values, at) => {
    const k = Math.min(Math.max(d3.bisectLeft(values, at), 1), values.length - 1);
    return at / values[k - 1] < values[k] / at ? k - 1 : k;
  };

  // The answer for a task as the page stands: numbers in millionths, probabilities in thousandths.
  function answer(task) {
    const series = fit().series[task][state.period];
    if (state.base >= 0) {
      const own = fit().bases[state.base];
      const [m, l, u] = own.m[task][state.period];
      return { series, m, l, u, ramp: own.p[task][state.period], change: null };
    }
    const i = nearest(fit().budgets, state.flops);
    const c = series.c;
    const change = c && { m: c.median[i], l: c.lower[i], u: c.upper[i], verdict: data.verdicts[c.verdict[i]] };
    return { series, m: series.m[i], l: series.l[i], u: series.u[i], ramp: series.p[i], change };
  }

  function reached(ramp, target) {
    if (target < ramp[0]) return 1000;
    return target - ramp[0] + 1 < ramp.length ? ramp[target - ramp[0] + 1] : 0;
  }

  function movedWords(change) {
    const n = Math.abs(Math.round(change.m / 1e4));
    return `${change.m >= 0 ? "up" : "down"} ${plural(n, "point")} since ${data.since}`;
  }

  function headline() {
    const budget = `With ${typeset(state.flops)} FLOP`;
    const whose = state.base < 0 ? "open models" : `models on ${shown(data.bases.name[state.base], 40)}`;
    const [first] = state.tasks;
    if (state.tasks.length > 1) {
      const each = state.tasks.slice(0, 6).map((task) => `${percent(answer(task).m)} on ${shown(data.titles[task], 40)}`);
      return `${budget}, ${whose} reach about ${each.join(", ")}`;
    }
    const one = answer(first);
    const clear = one.change && ["advancing", "retreating"].includes(one.change.verdict);
    const title = `${budget}, ${whose} reach about ${percent(one.m)} on ${shown(data.titles[first], 60)}`;
    return title + (clear ? ` — ${movedWords(one.change)}` : "");
  }

  // Models that can be seen on a task, by compute; kept, since sliders ask again and again.
  const seen = new Map();
  function visible(task) {
    const key = `${task} ${state.period}`;
    if (!seen.has(key)) {
      const scores = data.models.scores[task];
      const kept = d3.range(scores.length).filter((k) => scores[k] >= 0 && data.models.period[k] <= state.period);
      let best = -1;
      const records = new Set();
      const byCompute = [...kept].sort((a, b) => data.models.flops[a] - data.models.flops[b] || scores[b] - scores[a]);
      for (const k of byCompute) if (scores[k] > best) { best = scores[k]; records.add(k); }
      const ranked = kept.map((k) => scores[k]).sort(d3.ascending);
      seen.set(key, { kept, records, ranked });
    }
    return seen.get(key);
  }

  function near(task) {
    const z = Math.log10(state.flops);
    const kept = visible(task).kept.filter((k) => Math.abs(data.z[k] - z) <= NEARBY);
    const scores = data.models.scores[task];
    const best = kept.length ? kept.reduce((a, b) => (scores[b] > scores[a] ? b : a)) : null;
    return { models: kept.length, bases: new Set(kept.map((k) => data.models.base[k])).size, best };
  }

  // Models that are looked for, the best first.
  function matching(task) {
    const wanted = state.find.toLowerCase();
    const scores = data.models.scores[task];
    const found = wanted ? visible(task).kept.filter((k) => data.names[k].includes(wanted)) : [];
    return found.sort((a, b) => scores[b] - scores[a]);
  }

  // ---- charts ---------------------------------------------------------------------------------------------------

  function makeChart(block, task) {
    const small = state.tasks.length > 1;
    const title = small ? element("h3") : null;
    if (title) block.append(title);
    const plot = element("div", undefined, { class: "plot", tabindex: "0", role: "application" });
    block.append(plot);
    const width = Math.max(onPaper ? PAPER / (small ? 2 : 1) : plot.clientWidth, 260);
    const height = small ? Math.min(Math.max(width * 0.66, 220), 300) : Math.min(Math.max(width * 0.44, 330), 540);
    const margin = { top: 14, right: 12, bottom: 40, left: 42 };
    const scores = data.models.scores[task];
    const top = Math.max(d3.max(scores) / 1e4, d3.max(fit().series[task], (one) => d3.max(one.u)) / 1e6);
    const x = d3.scaleLinear(data.range.map(Math.log10), [margin.left, width - margin.right]);
    const y = d3.scaleLinear([0, Math.min(1, top * 1.06)], [height - margin.bottom, margin.top]);
    const svg = d3.select(plot).append("svg").attr("viewBox", [0, 0, width, height]).attr("aria-hidden", "true");
    const made = { task, plot, title, svg, x, y, width, height, margin, small, layers: {} };

    // where few base models are, below everything
    const ground = svg.append("g");
    const [from, to] = x.domain();
    const inside = data.supported.map(Math.log10);
    for (const [a, b] of [[from, inside[0]], [inside[1], to]]) {
      if (b <= a) continue;
      ground.append("rect").attr("class", "beyond").attr("x", x(a)).attr("width", x(b) - x(a))
        .attr("y", margin.top).attr("height", height - margin.top - margin.bottom);
    }
    if (x(to) - x(inside[1]) > 110) {
      ["few base models:", "extrapolated"].forEach((line, k) => ground.append("text").attr("class", "tick")
        .attr("x", x(inside[1]) + 6).attr("y", height - margin.bottom - 24 + 14 * k).text(line));
    }

    const step = (to - from) * (small ? 60 : 45) > width ? 2 : 1;
    for (const k of d3.range(Math.ceil(from), Math.floor(to) + 1, step)) {
      const tick = ground.append("text").attr("class", "tick").attr("x", x(k)).attr("y", height - margin.bottom + 18).attr("text-anchor", "middle");
      tick.text("10" + superscript(k));
    }
    for (const value of y.ticks(small ? 4 : 7)) {
      ground.append("path").attr("class", "grid").attr("d", `M${margin.left},${y(value)}H${width - margin.right}`);
      ground.append("text").attr("class", "tick").attr("x", margin.left - 6).attr("y", y(value) + 4).attr("text-anchor", "end").text(Math.round(100 * value) + "%");
    }
    if (!small) {
      ground.append("text").attr("class", "tick").attr("x", (margin.left + width - margin.right) / 2).attr("y", height - 4).attr("text-anchor", "middle")
        .text(width < 500 ? "pre-training compute (FLOP)" : "pre-training compute of the base model (FLOP, log scale)");
    }

    // one path for all models of a period: 20,000 circles would be slow
    made.px = scores.map((score, k) => [x(data.z[k]), y(score / 1e4)]);
    made.dots = data.periods.map((_, period) => {
      const place = (k) => `M${made.px[k][0].toFixed(1)},${made.px[k][1].toFixed(1)}h0`;
      const of = d3.range(scores.length).filter((k) => scores[k] >= 0 && data.models.period[k] === period);
      return svg.append("path").attr("d", of.map(place).join(""));
    });
    for (const name of ["band", "first", "line", "rest", "target", "down", "records", "found", "own", "labels", "point", "ring"]) {
      made.layers[name] = svg.append("g");
    }
    listen(made);
    return made;
  }

  function update(chart) {
    const { task, layers, x, y, margin, width, height } = chart;
    const one = answer(task);
    const z = fit().budgets.map(Math.log10);
    const [low, high] = data.supported.map(Math.log10);
    const inRange = (k) => z[k] >= x.domain()[0] && z[k] <= x.domain()[1];
    const shownAt = d3.range(z.length).filter(inRange);
    const curve = (values, at) => d3.line((k) => x(z[k]), (k) => y(values[k] / 1e6))(at);
    const put = (name, tag, attributes) => {
      const made = layers[name].append(tag);
      for (const [key, value] of Object.entries(attributes)) made.attr(key, value);
      return made;
    };
    for (const layer of Object.values(layers)) layer.selectAll("*").remove();

    chart.dots.forEach((path, period) => {
      const when = period > state.period ? "later" : period === state.period ? "now" : "past";
      path.attr("class", `dots ${when}${state.base >= 0 ? " faded" : ""}`);
    });
    const { series } = one;
    put("band", "path", { class: "band", d: d3.area((k) => x(z[k]), (k) => y(series.l[k] / 1e6), (k) => y(series.u[k] / 1e6))(shownAt) });
    const solid = shownAt.filter((k) => z[k] >= low && z[k] <= high);
    put("line", "path", { class: "halo", d: curve(series.m, solid) });
    put("line", "path", { class: "line", d: curve(series.m, solid) });
    put("rest", "path", { class: "line dotted", d: curve(series.m, shownAt.filter((k) => z[k] <= low)) || "" });
    put("rest", "path", { class: "line dotted", d: curve(series.m, shownAt.filter((k) => z[k] >= high)) || "" });
    if (data.truth) put("first", "path", { class: "truth", d: curve(data.truth[task][state.period], shownAt) });
    const first = state.period > 0 ? fit().series[task][0].m : null;
    if (first) put("first", "path", { class: "first", d: curve(first, solid) });
    if (!chart.small && solid.length) {
      const start = { class: "line-words", x: x(z[solid[0]]) + 4 };
      put("labels", "text", { ...start, y: y(series.m[solid[0]] / 1e6) - 9 }).text(state.period === data.periods.length - 1 ? "now" : "this period");
      if (first) put("labels", "text", { ...start, class: "line-words earlier", y: y(first[solid[0]] / 1e6) + 18 }).text(`by ${data.since}`);
    }

    // the budget, and what it makes attainable
    const at = x(Math.log10(state.flops));
    put("down", "path", { class: "budget", d: `M${at},${height - margin.bottom}V${y(one.m / 1e6)}` });
    if (state.base >= 0) put("own", "path", { class: "error", d: `M${at},${y(one.l / 1e6)}V${y(one.u / 1e6)}` });
    put("point", "circle", { class: "answer", cx: at, cy: y(one.m / 1e6), r: 6 });
    const left = at + (chart.small ? 60 : 165) > width;
    const words = `${percent(one.m)} (${range(one)})`;
    const label = put("point", "text", { class: "answer-words", x: at + (left ? -10 : 10), y: y(one.m / 1e6) + (chart.small ? 22 : 30), "text-anchor": left ? "end" : "start" });
    label.text(chart.small ? percent(one.m) : words);
    if (!chart.small && state.target / 100 <= y.domain()[1]) put("target", "path", { class: "target", d: `M${margin.left},${y(state.target / 100)}H${width - margin.right}` });

    const scores = data.models.scores[task];
    const { kept, records } = visible(task);
    const circles = (list, r) => list.map((k) => `M${chart.px[k][0] - r},${chart.px[k][1]}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`).join("");
    put("records", "path", { class: "record", d: circles([...records], 4) });
    const found = matching(task);
    put("found", "path", { class: "found", d: circles(found, 6) });
    if (state.base >= 0) {
      const mine = kept.filter((k) => data.models.base[k] === state.base);
      put("own", "path", { class: "dots mine", d: mine.map((k) => `M${chart.px[k]}h0`).join("") });
    }
    name(chart, [...records].sort((a, b) => scores[b] - scores[a]), found, label);

    if (chart.title) chart.title.replaceChildren(element("bdi", shown(data.titles[task], 40)), ` ${words}`);
    const text = `${shown(data.titles[task], 60)}: at ${typed(state.flops)} FLOP ${words}. ${plural(kept.length, "model")}. Arrow keys go from model to model, up and down between record holders, Enter takes a model's compute as the budget.`;
    chart.plot.setAttribute("aria-label", text);
  }

  // Names where there is room: found models, then record holders, the best first.
  function name(chart, records, found, answerLabel) {
    const taken = [];
    const most = chart.small ? 3 : chart.width < 560 ? 4 : 9;
    const size = chart.small ? 10.5 : 12;
    const at = [Number(answerLabel.attr("x")), Number(answerLabel.attr("y"))];
    const wide = answerLabel.text().length * (chart.small ? 8 : 12);
    taken.push(answerLabel.attr("text-anchor") === "end" ? [at[0] - wide, at[1] - 20, at[0], at[1] + 4] : [at[0], at[1] - 20, at[0] + wide, at[1] + 4]);
    chart.layers.labels.selectAll("text").each(function () {
      const [px, py] = [Number(this.getAttribute("x")), Number(this.getAttribute("y"))];
      taken.push([px, py - 13, px + 8 * this.textContent.length, py + 4]);
    });
    let named = 0;
    for (const k of new Set([...found.slice(0, 5), ...records])) {
      if (named >= most) break;
      const words = short(data.models.name[k], chart.width < 560 ? 20 : 28);
      const [px, py] = chart.px[k];
      const length = words.length * size * 0.56;
      for (const [anchor, dx, dy] of [["end", -8, -6], ["start", 8, -6], ["end", -8, 14]]) {
        const box = anchor === "end" ? [px + dx - length, py + dy - size, px + dx, py + dy + 3] : [px + dx, py + dy - size, px + dx + length, py + dy + 3];
        const out = box[0] < chart.margin.left || box[2] > chart.width - 2 || box[1] < 2;
        if (out || taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
        chart.layers.labels.append("text").attr("class", "name").attr("x", px + dx).attr("y", py + dy).attr("text-anchor", anchor).attr("font-size", size).text(words);
        taken.push(box);
        named += 1;
        break;
      }
    }
  }

  // ---- one model ------------------------------------------------------------------------------------------------

  function closest(chart, event) {
    const box = chart.plot.getBoundingClientRect();
    const scale = chart.width / box.width;
    const [px, py] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let best = null;
    for (const k of visible(chart.task).kept) {
      const far = (chart.px[k][0] - px) ** 2 + (chart.px[k][1] - py) ** 2;
      if (!best || far < best.far) best = { k, far };
    }
    return { px, k: best && best.k, distance: best ? Math.sqrt(best.far) : Infinity };
  }

  function ring(chart, k) {
    chart.layers.ring.selectAll("*").remove();
    if (k !== null) chart.layers.ring.append("circle").attr("class", "ring").attr("cx", chart.px[k][0]).attr("cy", chart.px[k][1]).attr("r", 7);
  }

  function card(chart, k, pin) {
    hide();
    ring(chart, k);
    const { models } = data;
    const scores = models.scores[chart.task];
    const { ranked, records } = visible(chart.task);
    const below = d3.bisectLeft(ranked, scores[k]) / ranked.length;
    const rank = scores[k] === ranked.at(-1) ? `the best of ${plural(ranked.length, "model")}` : `above ${Math.floor(100 * below)}% of models`;
    const made = element("div", undefined, { id: "card", class: "card" });
    const first = element("p");
    first.append(element("bdi", shown(models.name[k], 120)));
    const base = element("p", undefined, { class: "soft" });
    base.append("on ", element("bdi", shown(data.bases.name[models.base[k]], 80)), `, ${typeset(models.flops[k])} FLOP`);
    const words = `${(scores[k] / 100).toFixed(1)}% on ${shown(data.titles[chart.task], 40)}, ${rank}`;
    made.append(first, element("p", words + (records.has(k) ? "; record holder" : "")), base);
    if (models.released[k]) made.append(element("p", `released ${models.released[k]}`, { class: "soft" }));
    if (/^[\w.-]+\/[\w.-]+$/.test(models.name[k])) {
      const link = element("a", "Model card", { href: `https://huggingface.co/${models.name[k]}`, rel: "noopener noreferrer", target: "_blank" });
      const line = element("p");
      line.append(link);
      made.append(line);
    }
    chart.plot.append(made);
    const scale = chart.plot.clientWidth / chart.width;
    const [px, py] = chart.px[k].map((value) => value * scale);
    const room = chart.plot.clientWidth - made.offsetWidth;
    made.style.left = `${Math.max(0, Math.min(px + 12, room))}px`;
    const above = py - made.offsetHeight - 12;
    made.style.top = `${above < -40 ? py + 14 : above}px`;
    pinned = pin ? { chart, k } : null;
    if (pin) say(`${shown(models.name[k], 120)}: ${words}, on ${shown(data.bases.name[models.base[k]], 80)}`);
  }

  function hide() {
    $("card")?.remove();
    for (const chart of charts) ring(chart, null);
    pinned = null;
  }

  function listen(chart) {
    const { plot } = chart;
    plot.addEventListener("pointermove", (event) => {
      if (pinned || event.target.closest(".card")) return;
      const at = closest(chart, event);
      if (at.distance < 24) card(chart, at.k, false);
      else hide();
    });
    plot.addEventListener("pointerleave", () => { if (!pinned) hide(); });
    plot.addEventListener("click", (event) => {
      if (event.target.closest(".card")) return;
      const at = closest(chart, event);
      if (at.distance < 12) return card(chart, at.k, true);
      hide();
      setBudget(10 ** chart.x.invert(at.px));
    });
    plot.addEventListener("keydown", (event) => {
      const { kept, records } = visible(chart.task);
      const stops = ["ArrowUp", "ArrowDown"].includes(event.key) ? kept.filter((k) => records.has(k)) : kept;
      const forward = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (event.key === "Escape") hide();
      else if (event.key === "Enter" && pinned && event.target === plot) setBudget(data.models.flops[pinned.k]);
      else if (forward && stops.length) {
        event.preventDefault();
        const now = pinned ? stops.findIndex((k) => (forward > 0 ? k > pinned.k : k >= pinned.k)) : forward > 0 ? 0 : stops.length;
        const next = forward > 0 ? (now < 0 ? stops.length - 1 : now) : (now < 0 ? stops.length : now) - 1;
        card(chart, stops[Math.max(0, Math.min(next, stops.length - 1))], true);
      }
    });
  }

  // ---- the page -------------------------------------------------------------------------------------------------

  // Draws the charts anew: other tasks, another width.
  function layout() {
    hide();
    $("charts").replaceChildren();
    $("charts").className = `charts${state.tasks.length > 1 ? " several" : ""}`;
    // all places first: how wide one is depends on how many there are
    const places = state.tasks.map(() => element("div", undefined, { class: "chart" }));
    $("charts").append(...places);
    charts = state.tasks.map((task, n) => makeChart(places[n], task));
    render();
  }

  function say(words) {
    clearTimeout(speaking);
    speaking = setTimeout(() => { $("spoken").textContent = words; }, 500);
  }

  function render() {
    if (!state.targetChosen) state.target = Math.max(1, Math.round(answer(state.tasks[0]).m / 1e4));
    const [task] = state.tasks;
    const one = answer(task);
    charts.forEach(update);
    const title = headline();
    $("headline").textContent = title;
    const several = state.tasks.length > 1 ? `${shown(data.titles[task], 40)}: ` : "";
    const whose = state.base < 0 ? "models on a new base model" : `models on ${shown(data.bases.name[state.base])}`;
    const about = near(task);
    const seenWords = about.best === null
      ? "no model within half a decade of this budget: extrapolated."
      : `best nearby ${short(data.models.name[about.best], 60)}, ${(data.models.scores[task][about.best] / 100).toFixed(0)}%; ${plural(about.bases, "base model")} (${plural(about.models, "model")}) within half a decade.`;
    const sure = `${Math.round(100 * data.prob)}% interval`;
    $("subline").textContent = `The score about ${rare(fit().tau)} ${whose} exceeds, ${several ? `with its ${sure}` : `${sure} ${range(one)}`}. Dots: ${plural(visible(task).kept.length, "model")}, record holders named.`;
    $("score").textContent = several + `${(one.m / 1e4).toFixed(1)}%`;
    const half = (one.u - one.l) / 2e4;
    const outside = state.flops < data.supported[0] * 0.99 || state.flops > data.supported[1] * 1.01;
    $("sure").textContent = `Between ${(one.l / 1e4).toFixed(1)}% and ${(one.u / 1e4).toFixed(1)}% with probability ${Math.round(100 * data.prob)}%: about ±${half.toFixed(0) === "0" ? half.toFixed(1) : half.toFixed(0)} points.${outside ? " Few base models are near: extrapolated." : ""}`;
    const verdicts = {
      advancing: "a clear rise", retreating: "a clear fall: fewer strong submissions, not worse models",
      stable: "hardly moved", unknown: "cannot be told yet",
    };
    const since = one.change && `${signed(one.change.m)} points since ${data.since} (${signed(one.change.l)} to ${signed(one.change.u)}): ${verdicts[one.change.verdict]}.`;
    const none = state.base >= 0 ? "Shown for new base models." : state.period === 0 ? "This is the first period." : "The model has no drift.";
    $("moved").textContent = since || none;
    $("seen").textContent = seenWords;

    $("target").value = state.target;
    $("target-value").textContent = `${state.target}%`;
    $("target").setAttribute("aria-valuetext", `${state.target}%`);
    $("chance").textContent = probability(reached(one.ramp, state.target));
    const rows = one.series.n.map((row) => needed(row[state.target]));
    $("needs").hidden = state.base >= 0;
    $("needed").textContent = rows[0];
    $("needed-interval").textContent = `${rows[1]} to ${rows[2]}`;
    $("missing").textContent = probability(one.series.x[state.target]);

    [$("budget").min, $("budget").max] = data.range.map(Math.log10);
    $("budget").value = Math.log10(state.flops);
    $("budget").setAttribute("aria-valuetext", `${typed(state.flops)} FLOP`);
    if (document.activeElement !== $("flops")) $("flops").value = typed(state.flops);
    if (document.activeElement !== $("base")) $("base").value = state.base < 0 ? "" : data.bases.name[state.base];
    $("period").value = state.period;
    const period = data.periods[state.period];
    $("until").textContent = period;
    $("period").setAttribute("aria-valuetext", period);
    $("first-key").hidden = state.period === 0;
    $("first-word").textContent = `by ${data.since}`;
    for (const chip of $("tasks").children) chip.setAttribute("aria-pressed", state.tasks.includes(Number(chip.value)));
    $("compare").setAttribute("aria-pressed", state.compare);
    const option = (flag, value) => ` ${flag} '${value.replace(/'/g, "'\\''")}'`;
    $("command").textContent = `bayes-frontier attain fit.nc --flops ${typed(state.flops)}${option("--task", data.tasks[task])} --score ${(state.target / 100).toFixed(2)}`
      + (state.period < data.periods.length - 1 ? ` --period ${state.period}` : "") + (state.base < 0 ? "" : option("--base-model", data.bases.name[state.base]));
    say(`${title}. Interval ${range(one)}.`);
    clearTimeout(saving);
    // browsers refuse an address that changes at every step of a slider
    saving = setTimeout(() => history.replaceState(null, "", address()), 200);
  }

  function setBudget(value) {
    state.base = -1;
    state.flops = fit().budgets[nearest(fit().budgets, value)];
    render();
  }

  function setBase(k) {
    state.base = hasBases() ? k : -1;
    state.flops = data.bases.flops[k];
    render();
  }

  const bare = (name) => name.toLowerCase().split("/").pop().replace(/[^a-z0-9]/g, "");

  // A base model by name: as written, read alike, or the only one that begins so; a model stands for its base model.
  function baseNamed(text) {
    const wanted = bare(text);
    if (!wanted) return -1;
    const names = data.bases.name.map(bare);
    const exact = names.indexOf(wanted);
    if (exact >= 0) return exact;
    const begin = d3.range(names.length).filter((k) => names[k].startsWith(wanted));
    if (begin.length === 1) return begin[0];
    const model = data.models.name.findIndex((one) => bare(one) === wanted);
    return model < 0 ? -1 : data.models.base[model];
  }

  function budgetTyped() {
    const text = $("flops").value.trim();
    const power = text.match(/^(?:([\d.]+)\s*[x×*]\s*)?10(?:\^|\*\*)(\d+)$/);
    const value = power ? Number(power[1] || 1) * 10 ** Number(power[2]) : Number(text || NaN);
    const k = Number.isNaN(value) ? baseNamed(text) : -1;
    const { budgets } = fit();
    let hint = "";
    if (k >= 0) {
      setBudget(data.bases.flops[k]);
      hint = `${shown(data.bases.name[k])}: ${typed(state.flops)} FLOP.`;
    } else if (value >= budgets[0] * 0.9 && value <= budgets[budgets.length - 1] * 1.1) {
      setBudget(value);
      if (Math.abs(state.flops / value - 1) > 1e-6) hint = `Nearest step: ${typed(state.flops)}. The command below answers for any budget.`;
    } else {
      hint = value > 0 ? `The page answers from ${typed(budgets[0])} to ${typed(budgets[budgets.length - 1])} FLOP.` : "Write FLOP as 1e24 or 10^24, or a base model's name.";
    }
    $("hint").textContent = hint;
  }

  function baseTyped() {
    const text = $("base").value.trim();
    const k = baseNamed(text);
    $("hint").textContent = text && k < 0 ? "No base model of this fit has that name." : "";
    if (!text) setBudget(state.flops);
    else if (k >= 0) setBase(k);
  }

  function search() {
    state.find = $("find").value.trim();
    const [chart] = charts;
    const scores = data.models.scores[chart.task];
    const found = matching(chart.task);
    const buttons = found.slice(0, 6).map((k) => {
      const made = element("button", undefined, { type: "button" });
      made.append(element("bdi", shown(data.models.name[k], 48)), ` ${(scores[k] / 100).toFixed(0)}%`);
      made.addEventListener("click", () => card(chart, k, true));
      return made;
    });
    const words = state.find ? `${plural(found.length, "model")} found${found.length > 6 ? ", the best six:" : found.length ? ":" : "."}` : "";
    $("matches").replaceChildren(...(words ? [element("span", words, { role: "status" })] : []), ...buttons);
    render();
  }

  function chooseTask(task) {
    if (!state.compare) state.tasks = [task];
    else if (!state.tasks.includes(task)) state.tasks = [...state.tasks, task].sort(d3.ascending);
    else if (state.tasks.length > 1) state.tasks = state.tasks.filter((one) => one !== task);
    state.targetChosen = false;
    layout();
  }

  function compare() {
    state.compare = !state.compare;
    state.tasks = state.compare ? [...new Set([state.tasks[0], ...d3.range(data.tasks.length)])].slice(0, 6).sort(d3.ascending) : [state.tasks[0]];
    layout();
  }

  function play() {
    const stop = () => { clearInterval(playing); playing = null; $("play").textContent = "▶"; };
    if (playing) return stop();
    state.period = 0;
    $("play").textContent = "⏸";
    render();
    playing = setInterval(() => {
      state.period += 1;
      if (state.period >= data.periods.length - 1) stop();
      render();
    }, 1200);
  }

  // ---- a view that can be sent ----------------------------------------------------------------------------------

  function address() {
    const view = new URLSearchParams({ task: state.tasks.map((k) => data.tasks[k]).join("\n"), flops: typed(state.flops), period: state.period });
    if (state.base >= 0) view.set("base", data.bases.name[state.base]);
    if (state.targetChosen) view.set("target", state.target);
    if (state.tau) view.set("tau", fit().tau);
    if (state.compare) view.set("compare", 1);
    if (state.find) view.set("find", state.find);
    return "#" + view;
  }

  function readAddress() {
    const view = new URLSearchParams(location.hash.slice(1));
    const whole = (name, most, usual) => {
      const value = Number(view.get(name) ?? NaN);
      return Number.isInteger(value) && value >= 0 && value <= most ? value : usual;
    };
    const tasks = (view.get("task") ?? $("view").dataset.task).split("\n").map((one) => data.tasks.indexOf(one)).filter((k) => k >= 0);
    state = {
      tasks: tasks.length ? tasks : [0],
      compare: view.get("compare") === "1",
      period: whole("period", data.periods.length - 1, data.periods.length - 1),
      tau: Math.max(0, data.fits.findIndex((one) => String(one.tau) === view.get("tau"))),
      target: whole("target", 100, 50),
      targetChosen: view.has("target"),
      find: (view.get("find") ?? "").slice(0, 200),
      base: -1,
    };
    if (!state.compare) state.tasks = state.tasks.slice(0, 1);
    const wanted = Number(view.get("flops"));
    const { budgets } = fit();
    state.flops = budgets[nearest(budgets, wanted > 0 ? wanted : Number($("view").dataset.flops))];
    const base = data.bases.name.indexOf(view.get("base"));
    if (base >= 0 && hasBases()) Object.assign(state, { base, flops: data.bases.flops[base] });
    $("find").value = state.find;
    $("tau").value = state.tau;
  }

  function save(name, type, content) {
    const link = element("a", "", { download: `${bare(data.tasks[state.tasks[0]]) || "chart"}-${typed(state.flops)}.${name}` });
    link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 5000);
    $("done").textContent = `Saved as ${link.download}.`;
  }

  const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-opacity", "opacity",
    "font-size", "font-weight", "font-family", "text-anchor", "paint-order", "display"];

  // The charts as one SVG by itself, with headline, how to read it, and source.
  function picture() {
    const columns = charts.length > 1 ? Math.min(charts.length, 3) : 1;
    const [first] = charts;
    const rows = Math.ceil(charts.length / columns);
    const [width, high] = [Math.max(columns * first.width, 640), first.height + (charts.length > 1 ? 26 : 0)];
    const style = getComputedStyle(document.documentElement);
    const colour = (one) => style.getPropertyValue(one).trim();
    const font = getComputedStyle(document.body).fontFamily;
    const lines = wrap($("headline").textContent, width / 11.5);
    const head = 34 + 26 * lines.length + 24;
    const total = head + rows * high + 34;
    const out = d3.create("svg").attr("xmlns", "http://www.w3.org/2000/svg").attr("width", width).attr("height", total).attr("viewBox", `0 0 ${width} ${total}`).attr("font-family", font);
    const write = (x, y, size, fill, text, weight = 400) => out.append("text").attr("x", x).attr("y", y).attr("font-size", size).attr("fill", fill).attr("font-weight", weight).text(text);
    out.append("rect").attr("width", width).attr("height", total).attr("fill", colour("--paper"));
    lines.forEach((line, k) => write(16, 36 + 26 * k, 21, colour("--ink"), line, 700));
    write(16, head - 14, 12.5, colour("--soft"), shown($("subline").textContent, Math.floor(width / 6.4)));
    charts.forEach((chart, n) => {
      const clone = chart.svg.node().cloneNode(true);
      const from = chart.svg.selectAll("*").nodes();
      [...clone.querySelectorAll("*")].forEach((node, k) => {
        const computed = getComputedStyle(from[k]);
        for (const one of KEPT) node.setAttribute(one, computed.getPropertyValue(one));
        node.removeAttribute("class");
      });
      const [left, above] = [(n % columns) * first.width, head + Math.floor(n / columns) * high];
      if (charts.length > 1) write(left + 16, above + 16, 14, colour("--ink"), chart.title.textContent, 700);
      for (const [key, value] of [["x", left], ["y", above + high - first.height], ["width", chart.width], ["height", chart.height]]) clone.setAttribute(key, value);
      out.node().append(clone);
    });
    write(16, total - 12, 11.5, colour("--soft"), shown(`${data.source} · bayes_frontier · ${data.periods[state.period]}`, 110));
    return { text: new XMLSerializer().serializeToString(out.node()), width, height: total };
  }

  function wrap(text, most) {
    const lines = [""];
    for (const word of text.split(" ")) {
      if ((lines.at(-1) + word).length > most && lines.at(-1)) lines.push("");
      lines[lines.length - 1] += word + " ";
    }
    return lines;
  }

  function savePng() {
    const { text, width, height } = picture();
    const image = new Image();
    image.onload = () => {
      const canvas = element("canvas");
      [canvas.width, canvas.height] = [2 * width, 2 * height];
      canvas.getContext("2d").drawImage(image, 0, 0, 2 * width, 2 * height);
      canvas.toBlob((blob) => save("png", "image/png", blob));
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  }

  function saveCsv() {
    const quote = (text) => `"${(/^[=+@-]/.test(text) ? "'" : "") + text.replace(/"/g, '""')}"`;
    const rows = ["task,period,flops,median,lower,upper"];
    for (const task of state.tasks) {
      data.periods.forEach((period, k) => {
        const { m, l, u } = fit().series[task][k];
        fit().budgets.forEach((flops, i) => rows.push([quote(data.tasks[task]), quote(period), typed(flops), m[i] / 1e6, l[i] / 1e6, u[i] / 1e6].join()));
      });
    }
    save("csv", "text/csv", rows.join("\n") + "\n");
  }

  async function copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      $("done").textContent = done;
    } catch {
      $("done").textContent = "Copying is not allowed here: take the text from the address or the page.";
    }
  }

  function cite() {
    const text = `${$("headline").textContent}. bayes_frontier, from ${data.source} (${data.periods[state.period]}), ${Math.round(100 * data.prob)}% interval ${range(answer(state.tasks[0]))}. ${location.href.split("#")[0]}${address()}`;
    $("citation").textContent = text;
    $("citation").hidden = !$("citation").hidden;
    $("cite").setAttribute("aria-expanded", !$("citation").hidden);
    if (!$("citation").hidden) copy(text, "Citation copied.");
  }

  function printAll() {
    const folded = [...document.querySelectorAll("details:not([open])")];
    document.body.classList.add("whole");
    for (const one of folded) one.open = true;
    addEventListener("afterprint", () => {
      document.body.classList.remove("whole");
      for (const one of folded) one.open = false;
    }, { once: true });
    print();
  }

  // ---- start ----------------------------------------------------------------------------------------------------

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  async function start() {
    data = await unpack($("data").textContent);
    data.z = data.models.flops.map(Math.log10);
    data.names = data.models.name.map((one) => one.toLowerCase());
    data.tasks.forEach((_, k) => {
      const chip = element("button", undefined, { type: "button", value: k });
      chip.append(element("bdi", shown(data.titles[k], 40)));
      chip.addEventListener("click", () => chooseTask(k));
      $("tasks").append(chip);
    });
    $("names").append(...data.bases.name.map((one) => element("option", undefined, { value: one })));
    data.fits.forEach((one, k) => $("tau").append(element("option", rare(one.tau), { value: k })));
    $("tau-label").hidden = data.fits.length < 2;
    $("time").hidden = data.periods.length < 2;
    $("period").max = data.periods.length - 1;
    $("compare").hidden = data.tasks.length < 2;
    readAddress();
    $("truth-key").hidden = !data.truth;
    $("base").closest("label").hidden = !hasBases();
    const on = (id, kind, act) => $(id).addEventListener(kind, act);
    on("budget", "input", () => setBudget(10 ** Number($("budget").value)));
    on("target", "input", () => { state.target = Number($("target").value); state.targetChosen = true; render(); });
    on("period", "input", () => { state.period = Number($("period").value); hide(); render(); });
    on("tau", "change", () => { state.tau = Number($("tau").value); setBudget(state.flops); layout(); });
    for (const [id, act] of [["flops", budgetTyped], ["base", baseTyped]]) {
      on(id, "change", act);
      on(id, "keydown", (event) => { if (event.key === "Enter") act(); });
    }
    on("find", "input", search);
    for (const [id, act] of [["compare", compare], ["play", play], ["svg", () => save("svg", "image/svg+xml", picture().text)],
      ["png", savePng], ["csv", saveCsv], ["cite", cite], ["print", printAll],
      ["link", () => { history.replaceState(null, "", address()); copy(location.href, "Link to this view copied."); }]]) on(id, "click", act);
    addEventListener("hashchange", () => { readAddress(); layout(); });
    $("view").hidden = false;
    layout();
    if (state.find) search();
    for (const [kind, value] of [["beforeprint", true], ["afterprint", false]]) addEventListener(kind, () => { onPaper = value; layout(); });
    let width = $("charts").clientWidth;
    new ResizeObserver(() => {
      // layout itself changes the height only
      if (Math.abs($("charts").clientWidth - width) < 2) return;
      width = $("charts").clientWidth;
      layout();
    }).observe($("charts"));
    $("view").dataset.ready = "yes";
  }

  start().catch((error) => {
    $("problem").hidden = false;
    $("problem").textContent = `The chart cannot start in this browser (${error.message}). The table below has answers for round budgets.`;
  });
})();
