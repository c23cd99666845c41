// j and k go through the list of events, o opens the chosen one, r marks it as reviewed and goes on to the next.
// A mark is sent without leaving the page. On a narrow screen the filters begin closed, for else the events would be below them.
"use strict";
{
  if (matchMedia("(max-width: 40rem)").matches) document.querySelector("[data-close-if-narrow]")?.removeAttribute("open");
  const cards = () => [...document.querySelectorAll(".event")]; // asked anew: cards may come and go
  const chosen = () => document.querySelector(".event.chosen");
  const choose = (step) => {
    const all = cards();
    const next = all[all.indexOf(chosen()) + step];
    if (!next) return;
    chosen()?.classList.remove("chosen");
    next.classList.add("chosen");
    next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const mark = () => {
    const place = chosen() ?? (cards().length ? null : document);
    place?.querySelector(".review button:not([hidden])")?.click();
    if (chosen()) choose(1);
  };
  const actions = { j: () => choose(1), k: () => choose(-1), o: () => chosen()?.querySelector("a").click(), r: mark };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    actions[event.key]?.();
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches(".review")) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const reply = await fetch(form.action, { method: "post", body, headers: { Accept: "application/json" } }).catch(() => null);
    if (reply?.status !== 204) return location.reload(); // the page that comes says what is wrong
    const hadFocus = form.contains(document.activeElement);
    form.querySelectorAll("button").forEach((button) => (button.hidden = !button.hidden));
    if (hadFocus) form.querySelector("button:not([hidden])").focus();
  });
}
