// Drawing the area of a scan: a rectangle, a circle or a polygon, with a mouse, a finger or a pen. What is drawn goes
// into the form as the API writes it; what is typed there is drawn.
import { open, shapeOf } from "./map.js";

const element = document.getElementById("scan-map");
const field = document.getElementById("area");
const hint = document.getElementById("draw-hint");
const tools = [...document.querySelectorAll("[data-draw]")];
const map = open(element);
const HINTS = {
  rectangle: "Drag from one corner to the other.",
  circle: "Drag from the middle outwards.",
  polygon: "Click at each corner, and on the first one again to end.",
  "": "Choose a shape to draw another area.",
};
let tool = "", start = null, corners = [], shape = null, draft = null;

const degrees = (number) => Number(number.toFixed(6));

function choose(name) {
  tool = name;
  start = null;
  corners = [];
  draft?.remove();
  for (const button of tools) button.setAttribute("aria-pressed", String(button.dataset.draw === name));
  element.classList.toggle("drawing", Boolean(name));
  for (const way of ["dragging", "doubleClickZoom", "touchZoom"]) name ? map[way]?.disable() : map[way]?.enable();
  hint.textContent = HINTS[name];
}

function rectangle(one, other) {
  const box = L.latLngBounds(one, other);
  return { bbox: [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map(degrees) };
}

function circle(middle, edge) {
  const radius = Math.max(1, Math.round(map.distance(middle, edge)));
  return { circle: { lat: degrees(middle.lat), lon: degrees(middle.lng), radius_m: radius } };
}

function polygon(points) {
  const ring = points.map(({ lat, lng }) => [degrees(lng), degrees(lat)]);
  return { polygon: { type: "Polygon", coordinates: [[...ring, ring[0]]] } };
}

function show(area) {
  shape?.remove();
  shape = area ? shapeOf(area).addTo(map) : null;
}

function take(area) {
  field.value = JSON.stringify(area);
  show(area);
  choose("");
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function preview(at) {
  draft?.remove();
  if (tool === "polygon") {
    draft = L.layerGroup([L.polyline([...corners, at], { weight: 2 }), ...corners.map((corner) => L.circleMarker(corner, { radius: 5 }))]).addTo(map);
  } else {
    draft = shapeOf(tool === "circle" ? circle(start, at) : rectangle(start, at)).addTo(map);
  }
}

function corner(event, at) {
  const near = (spot) => map.latLngToContainerPoint(spot).distanceTo(map.mouseEventToContainerPoint(event)) < 12;
  if (corners.length > 2 && (near(corners[0]) || near(corners.at(-1)))) return take(polygon(corners));
  corners.push(at);
  preview(at);
}

element.addEventListener("pointerdown", (event) => {
  if (!tool || !event.isPrimary || event.target.closest(".leaflet-control")) return;
  event.preventDefault();
  const at = map.mouseEventToLatLng(event);
  if (tool === "polygon") return corner(event, at);
  start = at;
  element.setPointerCapture(event.pointerId);
});
element.addEventListener("pointermove", (event) => {
  if (tool && (start || corners.length)) preview(map.mouseEventToLatLng(event));
});
element.addEventListener("pointerup", (event) => {
  if (!start) return;
  const at = map.mouseEventToLatLng(event);
  const still = map.latLngToContainerPoint(start).distanceTo(map.latLngToContainerPoint(at)) < 4;
  if (still) { start = null; return; }
  take(tool === "circle" ? circle(start, at) : rectangle(start, at));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && tool) choose("");
  if (event.key === "Enter" && tool === "polygon" && corners.length > 2) {
    event.preventDefault();
    take(polygon(corners));
  }
});

for (const button of tools) button.addEventListener("click", () => choose(tool === button.dataset.draw ? "" : button.dataset.draw));
document.getElementById("use-view").addEventListener("click", () => {
  const { _southWest: low, _northEast: high } = map.getBounds().pad(-0.05);
  take(rectangle(low, high));
});
field.addEventListener("input", () => {
  try {
    show(field.value.trim() ? JSON.parse(field.value) : null);
  } catch {
    show(null);  // not finished yet; the count says what is wrong
  }
});

if (field.value) {
  show(JSON.parse(field.value));
  map.fitBounds(shape.getBounds(), { padding: [24, 24], animate: false });
}
choose(field.value || !matchMedia("(hover: hover)").matches ? "" : "rectangle");  // a finger scrolls the page first

// Categories: what is chosen from the list becomes a chip.
const search = document.getElementById("category-search");
const chosen = document.getElementById("chosen");
function pick(option) {
  search.value = "";
  if (!option || chosen.querySelector(`input[value="${CSS.escape(option.value)}"]`)) return;
  const chip = document.createElement("label");
  chip.className = "chip set";
  const box = document.createElement("input");
  Object.assign(box, { type: "checkbox", name: "categories", value: option.value, checked: true });
  chip.append(box, option.textContent);
  chosen.append(chip);
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

const offered = () => [...search.list.options];
search.addEventListener("input", ({ inputType }) => {
  const option = offered().find(({ value }) => value === search.value);
  if (option && inputType !== "insertText") pick(option);  // chosen from the list, not typed
});
search.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const words = search.value.trim().toLowerCase();
  if (words) pick(offered().find(({ value, textContent }) => [value, textContent.toLowerCase()].includes(words)) ?? offered()[0]);
});
