"use strict";
// Keeps the page true without loading it anew: it asks for the page's own body
// every two seconds and replaces the parts that differ. Without it the page
// works too, by reloading.
(() => {
  const every = 2000, limit = 5000;
  const get = (id) => document.getElementById(id);
  const root = document.documentElement;
  let ahead = 0;        // how far the host's clock is ahead of the browser's, ms
  let goneSince = null; // when the agent was last heard of, if it is gone
  let sources = {};     // the parts as the agent sent them, by id

  const span = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, "0");
    if (s >= 86400) return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
    if (s >= 3600) return `${Math.floor(s / 3600)} h ${two(Math.floor(s % 3600 / 60))} min`;
    return s >= 60 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : `${s} s`;
  };

  const tick = () => {
    const now = Date.now() + ahead;
    for (const t of document.querySelectorAll("time[data-at]")) {
      const left = Number(t.dataset.at) - now;
      const past = t.dataset.form === "due" ? "now" : `${span(-left)} ago`;
      const text = t.dataset.form === "span" ? span(-left) : left < 0 ? past : `in ${span(left)}`;
      if (t.textContent !== text) t.textContent = text;
    }
  };

  const source = (part) => {
    const copy = part.cloneNode(true);
    for (const t of copy.querySelectorAll("time")) t.textContent = "";
    return copy.innerHTML + copy.className;
  };

  // Parts in which text is being selected are left alone until the next time.
  const busy = (part) => {
    const selection = getSelection();
    return !selection.isCollapsed && part.contains(selection.anchorNode);
  };

  const replace = (old, part) => {
    const focused = old.contains(document.activeElement) && document.activeElement.id;
    old.replaceWith(part);
    if (focused && get(focused)) get(focused).focus({preventScroll: true});
  };

  const update = (fresh) => {
    const parts = [...fresh.querySelectorAll("[data-part]")];
    if (parts.some((p) => !get(p.id)) || parts.length !== document.querySelectorAll("[data-part]").length) {
      get("main").replaceChildren(...fresh.body.childNodes);
      parts.forEach((p) => { sources[p.id] = source(p); });
      return;
    }
    for (const part of parts) {
      const old = get(part.id), text = source(part);
      if (text === sources[part.id] || busy(old)) continue;
      sources[part.id] = text;
      replace(old, part);
    }
    get("state").replaceWith(fresh.getElementById("state"));
  };

  const colours = {ok: "1b7a3a", warning: "b45309", critical: "b3261e", unknown: "58616b"};

  // dress shows what the parts do not: title, icon, clock, buttons.
  const dress = () => {
    const state = get("state").dataset;
    ahead = Number(state.now) - Date.now();
    document.title = (goneSince ? "No answer – " : "") + state.title;
    const colour = goneSince ? colours.unknown : colours[state.severity];
    get("icon").href = get("icon").href.replace(/%23[0-9a-f]{6}/, `%23${colour}`);
    root.classList.toggle("is-live", !goneSince);
    root.classList.toggle("is-gone", Boolean(goneSince));
    get("live-text").textContent = goneSince ? "no answer" : "live";
    for (const b of document.querySelectorAll("button[data-copy]")) b.hidden = false;
    tick();
  };

  const say = (text) => { get("announce").textContent = text; };

  const lose = () => {
    if (goneSince) return;
    goneSince = new Date();
    const gone = get("gone");
    gone.textContent = `imds-probe has not answered since ${goneSince.toISOString().slice(11, 19)} UTC. What is shown below is what it said last.`;
    gone.hidden = false;
    const now = get("state").dataset.now;
    dress();
    ahead = Number(now) - Date.now();
  };

  const find = () => {
    if (!goneSince) return;
    goneSince = null;
    get("gone").hidden = true;
    say("imds-probe answers again.");
  };

  const poll = async () => {
    try {
      const answer = await fetch("?live", {cache: "no-store", signal: AbortSignal.timeout(limit)});
      if (!answer.ok) throw new Error(answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const before = get("state").dataset.condition, version = get("state").dataset.version;
      find();
      update(fresh);
      dress();
      const state = get("state").dataset;
      if (state.condition !== before) say(state.say);
      if (state.version !== version) location.reload();
    } catch {
      lose();
    }
  };

  const loop = async () => {
    if (!document.hidden) await poll();
    setTimeout(loop, every);
  };

  const copy = async (code) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
    getSelection().selectAllChildren(code); // plain HTTP from elsewhere than localhost
    if (!document.execCommand("copy")) throw new Error("refused");
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const done = await copy(get(button.dataset.copy)).then(() => "Copied", () => "Not copied");
    button.textContent = done;
    say(`${done}.`);
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });

  for (const part of document.querySelectorAll("[data-part]")) sources[part.id] = source(part);
  dress();
  setInterval(tick, 1000);
  setTimeout(loop, every);
})();
