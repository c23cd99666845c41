// j and k go through the list of events, o opens the chosen one.
// On a narrow screen the filters begin closed, for else the events would be below them.
"use strict";
{
  if (matchMedia("(max-width: 40rem)").matches) document.querySelector("[data-close-if-narrow]")?.removeAttribute("open");
  const cards = [...document.querySelectorAll(".event")];
  let chosen = -1;
  const choose = (index) => {
    if (index < 0 || index >= cards.length) return;
    cards[chosen]?.classList.remove("chosen");
    chosen = index;
    cards[chosen].classList.add("chosen");
    cards[chosen].querySelector("a").focus();
    cards[chosen].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") choose(chosen + 1);
    else if (event.key === "k") choose(chosen - 1);
    else if (event.key === "o" && chosen >= 0) cards[chosen].querySelector("a").click();
  });
}
