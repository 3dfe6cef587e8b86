// The page in Spanish and back: every text that has a translation, where it stands.
"use strict";

(() => {
  const spanish = JSON.parse(document.getElementById("spanish").textContent);
  const button = document.getElementById("language");
  const changes = []; // of each text with a translation: how to set it, its English, its Spanish

  const note = (text, set) => {
    const plain = text.trim().replace(/\s+/g, " ");
    if (Object.hasOwn(spanish, plain)) {
      const [before, after] = [/^\s*/, /\s*$/].map((blank) => text.match(blank)[0]);
      changes.push({ set, en: text, es: before + spanish[plain] + after });
    }
  };

  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.closest("code, pre, script, style")) {
      note(node.data, (text) => { node.data = text; });
    }
  }
  for (const name of ["alt", "aria-label"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      note(element.getAttribute(name), (text) => element.setAttribute(name, text));
    }
  }

  const show = (language) => {
    document.documentElement.lang = language;
    for (const change of changes) change.set(change[language]);
    [button.textContent, button.lang] = language === "es" ? ["English", "en"] : ["Español", "es"];
  };

  const stored = () => {
    try { return localStorage.getItem("language"); } catch { return null; } // a page without storage
  };
  const asked = new URLSearchParams(location.search).get("lang") ?? stored() ?? navigator.language;

  button.hidden = false;
  button.addEventListener("click", () => {
    const language = document.documentElement.lang === "es" ? "en" : "es";
    show(language);
    try { localStorage.setItem("language", language); } catch { /* it is forgotten */ }
  });
  if (asked.startsWith("es")) show("es");
})();
