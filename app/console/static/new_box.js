// Asks every two seconds, for half an hour, what has come since the page was opened.
"use strict";
{
  const place = document.querySelector("[data-fragment]");
  const end = Date.now() + 30 * 60 * 1000;
  let before = "";
  const look = async () => {
    try {
      const reply = await fetch(place.dataset.fragment);
      if (reply.redirected) return location.reload();  // to the login: the session has ended
      const text = await reply.text();
      if (reply.ok && text !== before) place.innerHTML = before = text;
    } catch (error) {
      console.warn(`no answer, next try in 2 s: ${error.message}`);
    }
    if (Date.now() < end) setTimeout(look, 2000);
    else place.append(Object.assign(document.createElement("p"), { className: "problem", textContent: place.dataset.ended }));
  };
  setTimeout(look, 2000);
}
