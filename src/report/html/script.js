"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];

  // A button shows or hides its series in all charts.
  const off = new Set();
  const toggle = (name) => {
    if (!off.delete(name)) off.add(name);
    all("g.series").forEach((g) => g.toggleAttribute("hidden", off.has(g.dataset.series)));
    all("[data-switch]").forEach((button) =>
      button.setAttribute("aria-pressed", String(!off.has(button.dataset.switch))));
  };
  all("[data-switch]").forEach((button) =>
    button.addEventListener("click", () => toggle(button.dataset.switch)));
  // A click on a line or its name in a chart does the same, if there is a button to undo it.
  // A click on a point only shows its value.
  const known = new Set(all("[data-switch]").map((button) => button.dataset.switch));
  all("g.series").filter((g) => known.has(g.dataset.series)).forEach((g) => {
    g.classList.add("switched");
    g.addEventListener("click", (event) => event.target.closest(".hit") || toggle(g.dataset.series));
  });

  const tip = document.getElementById("tip");
  const show = (event) => {
    const hit = event.target.closest && event.target.closest("[data-tip]");
    tip.hidden = !hit;
    if (!hit) return;
    tip.textContent = hit.dataset.tip;
    const box = tip.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, innerWidth - box.width - 8);
    const y = event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18;
    tip.style.left = `${Math.max(8, x)}px`;
    tip.style.top = `${y}px`;
  };
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  // The tip replaces the browser's own tooltip.
  all("svg .hit title").forEach((title) => title.remove());

  // Printed pages show all folded parts.
  const folded = all("details:not([open])");
  addEventListener("beforeprint", () => folded.forEach((details) => (details.open = true)));
  addEventListener("afterprint", () => folded.forEach((details) => (details.open = false)));

  all("[data-save]").forEach((button) => button.addEventListener("click", () => {
    const source = document.getElementById(button.dataset.save);
    const url = URL.createObjectURL(new Blob([source.textContent], { type: source.type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = button.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }));
})();
