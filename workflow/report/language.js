// The page in another language and back: every text that has a translation, where it stands.
"use strict";

(() => {
  const translations = JSON.parse(document.getElementById("translations").textContent);
  const button = document.getElementById("language");
  const languages = { en: "English" }; // their names by code
  for (const [code, { name }] of Object.entries(translations)) languages[code] = name;
  const changes = []; // of each text with a translation: how to set it, and it by language
  const seen = new Map(); // how often each text was met: it may not be the same everywhere

  const note = (text, set) => {
    const plain = text.replace(/[ \t\r\n\f]+/g, " ");
    const place = seen.get(plain) ?? 0;
    seen.set(plain, place + 1);
    const change = { set, en: text };
    for (const [code, { texts }] of Object.entries(translations)) {
      if (!Object.hasOwn(texts, plain)) continue;
      change[code] = Array.isArray(texts[plain]) ? texts[plain][place] : texts[plain];
    }
    if (Object.keys(change).length > 2) changes.push(change);
  };

  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.trim() && !node.parentElement.closest("code, pre, script, style")) {
      note(node.data, (text) => { node.data = text; });
    }
  }
  for (const element of document.querySelectorAll("[alt], [aria-label]")) {
    for (const name of ["alt", "aria-label"]) {
      if (element.hasAttribute(name)) {
        note(element.getAttribute(name), (text) => element.setAttribute(name, text));
      }
    }
  }

  const next = (language) => {
    const codes = Object.keys(languages);
    return codes[(codes.indexOf(language) + 1) % codes.length];
  };

  const show = (language) => {
    document.documentElement.lang = language;
    for (const change of changes) change.set(change[language] ?? change.en);
    [button.textContent, button.lang] = [languages[next(language)], next(language)];
    document.dispatchEvent(new Event("languagechange")); // for what a page's own script has said
  };

  const stored = () => {
    try { return localStorage.getItem("language"); } catch { return null; } // a page without storage
  };
  const asked = new URLSearchParams(location.search).get("lang") ?? stored() ?? navigator.language;

  button.hidden = false;
  button.addEventListener("click", () => {
    const language = next(document.documentElement.lang);
    show(language);
    try { localStorage.setItem("language", language); } catch { /* it is forgotten */ }
    const here = new URL(location.href); // a copy of it, or a reload, is in the language that is seen
    here.searchParams.set("lang", language);
    history.replaceState(history.state, "", here);
  });
  const language = asked.toLowerCase().split("-")[0];
  show(Object.hasOwn(languages, language) ? language : "en");
})();
