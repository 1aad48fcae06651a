// The map of a search: what is in view and no more, single leads or, where there are many, how many are where.
import { colour, node, open } from "./map.js";

const element = document.getElementById("leads-map");
const map = open(element);
const note = document.getElementById("leads-map-note");
const around = document.getElementById("search-here");
const shown = L.layerGroup().addTo(map);
const dots = L.canvas({ padding: 0.3 });
const marks = new Map();
let asked = null;
let moved = false;

const view = () => {
  const box = map.getBounds();
  const east = Math.min(box.getEast(), 180), west = Math.max(box.getWest(), -180);
  return [west, Math.max(box.getSouth(), -90), east, Math.min(box.getNorth(), 90)].map((degrees) => degrees.toFixed(5));
};

async function refresh() {
  asked?.abort();
  asked = new AbortController();
  const url = new URL(element.dataset.leads, location.href);
  url.searchParams.set("view", view().join(","));
  url.searchParams.set("zoom", map.getZoom());
  try {
    const answer = await fetch(url, { signal: asked.signal, headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    show(await answer.json());
  } catch (error) {
    if (error.name !== "AbortError") note.textContent = "The map could not be loaded. Load the page again.";
  }
}

function show({ leads, cells, words }) {
  shown.clearLayers();
  marks.clear();
  for (const lead of leads) mark(lead);
  for (const cell of cells) cluster(cell);
  note.textContent = words;
}

function look(gone) {
  return { renderer: dots, radius: 6, weight: 1.5, color: colour("halo"), fillColor: colour(gone ? "gone" : "mark"), fillOpacity: 1 };
}

function mark({ id, name, category, lat, lon, gone, url }) {
  const dot = L.circleMarker([lat, lon], look(gone)).addTo(shown);
  dot.bindTooltip(() => node("span", name), { direction: "top", offset: [0, -6] });
  dot.bindPopup(() => {
    const content = node("div", "", { class: "spot" });
    content.append(node("strong", name), node("span", category), node("a", "Open lead", { href: url }));
    return content;
  }, { offset: [0, -2] });
  marks.set(id, dot);
}

function cluster({ lat, lon, count, label }) {
  const wide = Math.round(24 + 5 * Math.log10(count));
  const bubble = L.divIcon({ className: "cluster", html: node("span", label), iconSize: [wide, wide] });
  L.marker([lat, lon], { icon: bubble, keyboard: false })
    .on("click", () => map.setView([lat, lon], map.getZoom() + 2))
    .addTo(shown);
}

function point(id, on) {
  const dot = marks.get(id);
  if (!dot) return;
  dot.setStyle(on ? { radius: 10, fillColor: colour("point") } : look(false)).setRadius(on ? 10 : 6);
  if (on) dot.bringToFront();
}

for (const [event, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(event, ({ target }) => {
    const row = target.closest("[data-lead]");
    if (row) point(row.dataset.lead, on);
  });
}

map.on("moveend", () => {
  around.hidden = !moved;
  refresh();
});
map.on("dragstart zoomstart", () => { moved = true; });
around.addEventListener("click", () => {
  const here = new URL(location.href);
  here.pathname = element.dataset.page;
  here.searchParams.delete("cursor");
  here.searchParams.set("bbox", view().join(","));
  location.assign(here);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
refresh();
