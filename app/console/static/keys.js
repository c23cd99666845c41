// j and k go through the list of events, o opens the chosen one.
// On a narrow screen the filters begin closed, for else the events would be below them.
"use strict";
{
  if (matchMedia("(max-width: 40rem)").matches) document.querySelector("[data-close-if-narrow]")?.removeAttribute("open");
  let chosen;
  const choose = (step) => {
    const cards = [...document.querySelectorAll(".event")]; // there may be others than a moment ago
    const next = cards[cards.indexOf(chosen) + step];
    if (!next) return;
    chosen?.classList.remove("chosen");
    chosen = next;
    chosen.classList.add("chosen");
    chosen.querySelector("a").focus();
    chosen.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") choose(1);
    else if (event.key === "k") choose(-1);
    else if (event.key === "o") chosen?.querySelector("a").click();
  });
}
