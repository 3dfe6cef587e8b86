// The report in the language of its reader: a page for each, and a link from one to the other.
"use strict";

(() => {
  const links = [...document.querySelectorAll("#language a")];
  const { lang } = document.documentElement;
  const query = new URLSearchParams(location.search);
  const stored = () => {
    try { return localStorage.getItem("language"); } catch { return null; } // a page without storage
  };
  // who opens the page of another language than English has asked for that; who goes back, for this
  const back = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  const own = lang === "en" && !back ? stored() ?? navigator.language : lang;
  const [asked] = (query.get("lang") ?? own).toLowerCase().split("-");
  const other = links.find((link) => link.lang === asked);
  if (other) location.replace(other.href + location.hash);

  // what a reader may look at: the same parts in the same order in every language
  const parts = () => [...document.querySelectorAll("main :is(h2, h3, p, li, figure, caption, tr, dt)")];
  const folded = (part) => part.closest("details:not([open])") && !part.closest("summary");

  for (const link of links) {
    link.addEventListener("click", () => {
      try { localStorage.setItem("language", link.lang); } catch { /* it is forgotten */ }
      const { top } = document.querySelector("nav").getBoundingClientRect();
      const near = (part) => part.getBoundingClientRect().top < top + innerHeight / 4 && !folded(part);
      const part = parts().findLastIndex(near);
      const there = new URL(link.href);
      there.searchParams.delete("part");
      if (part >= 0) there.searchParams.set("part", part);
      link.href = there.href;
    });
  }

  addEventListener("DOMContentLoaded", () => {
    const part = query.has("part") && parts()[Number(query.get("part"))];
    if (!part || location.hash) return;
    const fold = part.closest("details");
    if (fold) fold.open = true;
    part.scrollIntoView({ behavior: "instant" });
  });
})();
