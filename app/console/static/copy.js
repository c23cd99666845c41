// Shows the buttons that copy the field before them, and has them do so.
// Not by the clipboard's own interface: browsers offer it only over TLS and on this machine itself.
"use strict";
for (const button of document.querySelectorAll("[data-copied]")) {
  const field = button.previousElementSibling.querySelector("input");
  const name = button.textContent;
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", () => {
    field.select();
    if (!document.execCommand("copy")) return;  // it is selected, at least
    button.textContent = button.dataset.copied;
    button.focus();
    setTimeout(() => { button.textContent = name; }, 2000);
  });
}
