// Replaces the page's content when records or calls have changed. Without script the page is read by reloading it.
(() => {
  let seen = null;
  const look = async () => {
    try {
      const now = await (await fetch("/_sim/changes")).text();
      if (seen !== null && now !== seen) {
        const html = await (await fetch(location.href)).text();
        const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("main");
        document.querySelector("main").replaceWith(fresh);
      }
      seen = now;
    } catch {
      // The org is stopped or starting again; the next look tells.
    }
    if (!document.hidden) setTimeout(look, 1000);
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  look();
})();
