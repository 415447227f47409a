// What pages gain where scripts run: times in the viewer's zone, copy buttons, and pages that keep up by themselves.
"use strict";

(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  const parts = (date, options) => {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
    return Object.fromEntries(format.formatToParts(date).map((part) => [part.type, part.value]));
  };

  const day = (date) => {
    const p = parts(date, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
    return `${p.weekday} ${p.day} ${p.month} ${p.year}`;
  };

  const clock = (date, options = {}) => {
    const p = parts(date, { hour: "2-digit", minute: "2-digit", ...options });
    return p.second ? `${p.hour}:${p.minute}:${p.second}` : `${p.hour}:${p.minute}`;
  };

  const zoneName = (date) => parts(date, { hour: "2-digit", timeZoneName: "short" }).timeZoneName;

  // Each way of showing a time, as the server writes it in UTC.
  const shown = {
    moment: (date) => `${day(date)}, ${clock(date)} ${zoneName(date)}`,
    start: (date) => `${day(date)}, ${clock(date)}`,
    end: (date, element) => {
      const start = new Date(element.dataset.start);
      const text = day(start) === day(date) ? clock(date) : `${day(date)}, ${clock(date)}`;
      return `${text} ${zoneName(date)}`;
    },
    second: (date) => {
      const p = parts(date, { day: "numeric", month: "short" });
      return `${p.day} ${p.month}, ${clock(date, { second: "2-digit" })} ${zoneName(date)}`;
    },
  };

  const showTimes = (root) => {
    for (const element of root.querySelectorAll("time[data-shows]")) {
      const date = new Date(element.dateTime);
      const show = shown[element.dataset.shows];
      if (show && !Number.isNaN(date.getTime())) element.textContent = show(date, element);
    }
  };

  const showCopyButtons = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
  };

  const say = (text) => {
    document.getElementById("said").textContent = text;
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
      say("Copied.");
    } catch {
      say("Copying was not allowed. Select the id instead.");
    }
  });

  // A menu closes as menus do: by Escape, and by a click elsewhere.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest("details.menu[open]");
    closeMenus();
    if (menu) menu.querySelector("summary").focus();
  });

  // Puts the new state of a part in place; what was opened and focused stays so.
  const replace = (old, fresh) => {
    const open = [...old.querySelectorAll("details[open]")].map((element) => element.id);
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const focusedId = focused && (focused.id || (focused.closest("[id]") || {}).id);
    old.replaceChildren(...fresh.childNodes);
    for (const id of open) {
      const element = document.getElementById(id);
      if (element) element.open = true;
    }
    showTimes(old);
    showCopyButtons(old);
    const again = focusedId && document.getElementById(focusedId);
    if (again) (again.matches("details") ? again.querySelector("summary") : again).focus({ preventScroll: true });
  };

  const live = (root) => [...root.querySelectorAll("[data-live]")];

  // While a sync is under way, the page asks for itself every other second, and stops when it has ended.
  const keepUp = () => {
    const main = document.getElementById("main");
    if (!main.hasAttribute("data-refreshes")) return;
    const last = new Map(live(document).map((part) => [part.id, part.innerHTML]));
    const look = async () => {
      if (document.hidden) return void setTimeout(look, 2000);
      let page;
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (!answer.ok || answer.redirected) return;
        page = new DOMParser().parseFromString(await answer.text(), "text/html");
      } catch {
        return void setTimeout(look, 10000);
      }
      for (const fresh of live(page)) {
        const old = document.getElementById(fresh.id);
        const html = fresh.innerHTML;
        if (old && last.get(fresh.id) !== html) replace(old, fresh);
        last.set(fresh.id, html);
      }
      if (page.getElementById("main")?.hasAttribute("data-refreshes")) setTimeout(look, 2000);
      else say("The sync has ended.");
    };
    setTimeout(look, 2000);
  };

  // Taken before the times are rewritten, so that only true changes replace anything.
  keepUp();
  showTimes(document);
  showCopyButtons(document);
  const note = document.getElementById("zone");
  if (note) note.textContent = `Times are in your time zone, ${zone}.`;
})();
