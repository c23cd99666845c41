// Puts the page's present state in its place each minute, while somebody looks at it.
"use strict";
{
  const MILLISECONDS = 60000;
  let lookedAt = Date.now();

  const look = async () => {
    if (document.hidden || Date.now() - lookedAt < MILLISECONDS) return;
    lookedAt = Date.now();
    const reply = await fetch(location.pathname).catch(() => null);
    if (reply?.redirected) return location.reload(); // to the login: the session has ended
    if (!reply?.ok) return; // the page says as of when it is
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector("main");
    const focused = document.querySelector("main a:focus")?.getAttribute("href");
    document.querySelector("main").replaceWith(fresh);
    if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  };

  document.addEventListener("visibilitychange", look);
  setInterval(look, 1000);
}
