// The report in the language of its reader: a page for each, and a link from one to the other.
"use strict";

(() => {
  const links = [...document.querySelectorAll("#language a")];
  const { lang } = document.documentElement;
  const query = new URLSearchParams(location.search);
  const stored = () => {
    try { return localStorage.getItem("language"); } catch { return null; } // a page without storage
  };
  const spoken = (name) => links.find((link) => link.lang === name.toLowerCase().split("-")[0]);
  const leave = (link) => {
    const there = new URL(link.href);
    if (query.has("part")) there.searchParams.set("part", query.get("part"));
    location.replace(there.href + location.hash);
  };
  // who opens the page of another language than English has asked for that; who goes back, for this
  const back = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  const own = lang === "en" && !back ? spoken(stored() ?? navigator.language) : null;
  const asked = query.has("lang") ? spoken(query.get("lang")) : null;
  if (asked) leave(asked);
  else if (own && !query.has("lang")) {
    // one page may have been sent without the other: where the other's pictures lie, it lies too
    const picture = new Image();
    picture.onload = () => leave(own);
    picture.src = own.dataset.picture;
  }

  // what a reader may look at: the same parts in the same order in every language
  const parts = () => [...document.querySelectorAll("main :is(h2, h3, p, li, figure, caption, tr, dt)")];
  const folded = (part) => part.closest("details:not([open])") && !part.closest("summary");

  // which of them is looked at, and how far down it stands; a link takes it along: that in which it
  // stands itself, of the bar's what is near it
  const place = (link) => {
    const { top } = document.querySelector("nav").getBoundingClientRect();
    const near = (part) => part.getBoundingClientRect().top < top + innerHeight / 4 && !folded(part);
    const all = parts(), own = all.findLastIndex((part) => part.contains(link));
    const part = own < 0 ? all.findLastIndex(near) : own;
    return part < 0 ? null : `${part},${Math.round(all[part].getBoundingClientRect().top)}`;
  };
  const take = (link) => {
    const there = new URL(link.href), part = place(link);
    there.searchParams.delete("part");
    if (part) there.searchParams.set("part", part);
    link.href = there.href;
  };

  for (const link of links) {
    link.addEventListener("click", () => {
      try { localStorage.setItem("language", link.lang); } catch { /* it is forgotten */ }
      take(link);
    });
  }

  addEventListener("DOMContentLoaded", () => {
    for (const link of document.querySelectorAll("a[href^='explorer.html']")) {
      link.href = link.getAttribute("href").replace(/^explorer\.html(\?lang=\w+)?/, `explorer.html?lang=${lang}`);
      link.addEventListener("click", () => take(link)); // it leads back to where the reader was
    }
    const [number, top] = (query.get("part") ?? "").split(",").map(Number);
    const part = query.has("part") && parts()[number];
    if (!part || location.hash) return;
    const fold = part.closest("details");
    if (fold) fold.open = true;
    scrollBy({ top: part.getBoundingClientRect().top - (top || 0), behavior: "instant" });
  });
})();
