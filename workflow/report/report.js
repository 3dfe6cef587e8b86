// The report in the language of its reader: a page for each, and a link from one to the other.
"use strict";

(() => {
  const links = [...document.querySelectorAll("#language a")];
  const { lang } = document.documentElement;
  const stored = () => {
    try { return localStorage.getItem("language"); } catch { return null; } // a page without storage
  };
  // who opens the page of another language than English has asked for that
  const own = lang === "en" ? stored() ?? navigator.language : lang;
  const [asked] = (new URLSearchParams(location.search).get("lang") ?? own).split("-");
  const other = links.find((link) => link.lang === asked);
  if (other) location.replace(other.href + location.hash);

  /** What the reader looks at: the last part or figure that begins in the upper quarter, or above. */
  const place = () => [...document.querySelectorAll("main [id]")].findLast(
    (part) => part.getClientRects().length && part.getBoundingClientRect().top < innerHeight / 4,
  );
  for (const link of links) {
    link.addEventListener("click", () => {
      try { localStorage.setItem("language", link.lang); } catch { /* it is forgotten */ }
      const part = place();
      link.hash = part ? part.id : "";
    });
  }
})();
