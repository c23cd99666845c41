// Puts new events on the page as they come, and says how long ago each came.
"use strict";
{
  const POLL_MILLISECONDS = 2000;
  const STREAM_AGAIN_MILLISECONDS = 60000; // after a stream was refused: others may have ended
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const live = document.getElementById("live");
  const list = live.querySelector("ol");
  const connection = document.getElementById("connection");
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  const serverAhead = Date.parse(live.dataset.now) - Date.now(); // milliseconds
  let stream, timer, streamAgainAt, faults = 0;

  const say = (state) => {
    if (connection.textContent !== connection.dataset[state]) connection.textContent = connection.dataset[state];
    connection.hidden = false;
  };

  const tick = () => {
    for (const time of list.querySelectorAll("time")) {
      time.title ||= time.textContent;
      const seconds = Math.max(0, Math.floor((Date.now() + serverAhead - Date.parse(time.dateTime)) / 1000));
      const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? UNITS.at(-1);
      time.textContent = words.format(-Math.floor(seconds / length), unit);
    }
  };

  const put = (card) => {
    const number = Number(card.dataset.number);
    const shown = list.querySelector(`[data-number="${number}"]`);
    if (shown) return shown.querySelector(".state").replaceWith(card.querySelector(".state"));
    const older = [...list.children].find((other) => Number(other.dataset.number) < number);
    list.insertBefore(card, older ?? null);
  };

  const merge = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("ol");
    for (const card of [...fresh.children].reverse()) put(card);
    while (list.children.length > live.dataset.most) list.lastElementChild.remove();
    list.dataset.version = fresh.dataset.version;
    if (list.children.length) live.querySelector("[data-empty]")?.remove();
    tick();
  };

  const open = () => {
    stream = new EventSource(`${live.dataset.stream}?after=${list.dataset.version}`);
    stream.onopen = () => { faults = 0; say("streams"); };
    stream.onmessage = (message) => merge(message.data);
    stream.onerror = () => { // each stream ends after a minute; the browser then opens another
      if (stream.readyState === EventSource.CLOSED) { streamAgainAt = Date.now() + STREAM_AGAIN_MILLISECONDS; poll(); }
      else if (++faults > 1) say("lost");
    };
  };

  const poll = async () => {
    if (Date.now() > streamAgainAt) return open();
    try {
      const reply = await fetch(`${live.dataset.cards}?after=${list.dataset.version}`, { redirect: "manual" });
      if (reply.type === "opaqueredirect") return location.reload(); // to the login
      if (reply.ok) merge(await reply.text());
      say(reply.ok ? "polls" : "lost");
    } catch { say("lost"); }
    if (stream.readyState === EventSource.CLOSED && !document.hidden) timer = setTimeout(poll, POLL_MILLISECONDS);
  };

  const follow = () => { // nobody looks at a hidden page, and streams are few
    stream?.close();
    clearTimeout(timer);
    if (!document.hidden) open();
  };

  document.addEventListener("visibilitychange", follow);
  setInterval(tick, 1000);
  tick();
  follow();
}
