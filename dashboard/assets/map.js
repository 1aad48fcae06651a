// A map that loads nothing from elsewhere: pictures from the operator's tile server if there is one, or else the sample
// city, drawn from its own extract. Colours are those of the style sheet, light or dark.

const WIDTHS = { major: 8, minor: 5.5, service: 2.5, path: 1.2, rail: 1.4 };  // pixels at zoom 16
const FROM = { building: 14, service: 15, path: 15, rail: 13 };  // the zoom from which a kind is drawn
const NAMES_FROM = 15;
const dark = matchMedia("(prefers-color-scheme: dark)");

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--map-${name}`).trim();
}

// Where a point is on a map of the whole world, 0 to 1 each way (Web Mercator).
function project(lon, lat) {
  const sine = Math.sin(lat * Math.PI / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

// A flat list of differences as points of the world, with the box around them.
function unpack(flat, scale) {
  const points = new Float64Array(flat.length);
  const box = [1, 1, 0, 0];
  let x = 0, y = 0;
  for (let i = 0; i < flat.length; i += 2) {
    x += flat[i]; y += flat[i + 1];
    const [east, south] = project(x / scale, y / scale);
    points[i] = east; points[i + 1] = south;
    box[0] = Math.min(box[0], east); box[1] = Math.min(box[1], south);
    box[2] = Math.max(box[2], east); box[3] = Math.max(box[3], south);
  }
  return { points, box };
}

async function load(url) {
  const city = await (await fetch(url)).json();
  const shape = (rings, name) => {
    const parts = rings.map((ring) => unpack(ring, city.scale));
    return { parts, box: parts[0].box, name };
  };
  const layers = city.layers.map(({ kind, areas, lines }) => ({
    kind,
    filled: Boolean(areas),
    shapes: areas ? areas.map((rings) => shape(rings)) : lines.map(([name, line]) => shape([line], city.names[name])),
  }));
  const [west, south, east, north] = city.bbox;
  const [left, top] = project(west, north);
  const [right, bottom] = project(east, south);
  return { layers, box: [left, top, right, bottom], attribution: city.attribution, dated: city.dated };
}

function trace(context, shape, at) {
  for (const { points } of shape.parts) {
    context.moveTo(...at(points[0], points[1]));
    for (let i = 2; i < points.length; i += 2) context.lineTo(...at(points[i], points[i + 1]));
  }
}

// Where the name of each street fits along it, the longest streets first, none upon another.
function place(layers, size, context) {
  const longest = new Map();
  for (const { kind, shapes } of layers) {
    for (const { name, parts } of kind === "major" || kind === "minor" ? shapes : []) {
      const { points } = parts[0];
      let length = 0;
      for (let i = 2; i < points.length; i += 2) length += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
      if (name && length > (longest.get(name)?.length ?? 0)) longest.set(name, { name, points, length });
    }
  }
  const placed = [];
  for (const { name, points, length } of [...longest.values()].sort((one, other) => other.length - one.length)) {
    const width = context.measureText(name).width;
    const label = width < length * size * 0.9 && along(points, length / 2, width / size);
    if (!label) continue;
    const spot = { name, width, x: label.x * size, y: label.y * size, angle: label.angle };
    if (placed.every((other) => apart(spot, other))) placed.push(spot);
  }
  return placed;
}

// The middle and angle of a piece of a line, this wide around ``middle``; null if it bends too much there.
function along(points, middle, width) {
  const ends = [middle - width / 2, middle + width / 2].map((wanted) => {
    let passed = 0;
    for (let i = 2; i < points.length; i += 2) {
      const step = Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
      if (passed + step >= wanted && step) {
        const share = (wanted - passed) / step;
        return [points[i - 2] + (points[i] - points[i - 2]) * share, points[i - 1] + (points[i + 1] - points[i - 1]) * share];
      }
      passed += step;
    }
    return [points.at(-2), points.at(-1)];
  });
  const [[x1, y1], [x2, y2]] = ends;
  if (Math.hypot(x2 - x1, y2 - y1) < width * 0.97) return null;
  const angle = Math.atan2(y2 - y1, x2 - x1);
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, angle: Math.abs(angle) > Math.PI / 2 ? angle + Math.PI : angle };
}

function apart(one, other) {
  const dots = ({ x, y, angle, width }) => [-0.5, -0.25, 0, 0.25, 0.5].map((share) => [x + Math.cos(angle) * width * share, y + Math.sin(angle) * width * share]);
  const theirs = dots(other);
  return dots(one).every(([x, y]) => theirs.every(([left, top]) => Math.hypot(x - left, y - top) > 22));
}

const City = L.GridLayer.extend({
  initialize(url, options) {
    L.setOptions(this, options);
    this.city = load(url);
    this.names = new Map();
  },

  onAdd(map) {
    L.GridLayer.prototype.onAdd.call(this, map);
    dark.addEventListener("change", () => this.redraw());
    this.city.then(({ attribution, dated }) => map.attributionControl.addAttribution(`${attribution} (ODbL), ${dated.slice(0, 10)}`));
  },

  createTile(coords, done) {
    const tile = document.createElement("canvas");
    const { x: edge } = this.getTileSize();
    const dense = Math.ceil(devicePixelRatio || 1);
    tile.width = tile.height = edge * dense;
    this.city.then((city) => {
      const context = tile.getContext("2d");
      context.scale(dense, dense);
      this.draw(context, city, coords, edge);
      done(null, tile);
    }, done);
    return tile;
  },

  draw(context, { layers, box }, { x, y, z }, edge) {
    const size = edge * 2 ** z, left = x * edge, top = y * edge, margin = 12;
    const at = (east, south) => [east * size - left, south * size - top];
    const seen = (around) => around[0] * size < left + edge + margin && around[2] * size > left - margin && around[1] * size < top + edge + margin && around[3] * size > top - margin;
    if (!seen(box)) return;
    context.fillStyle = colour("land");
    context.fillRect(box[0] * size - left, box[1] * size - top, (box[2] - box[0]) * size, (box[3] - box[1]) * size);
    context.save();
    context.beginPath();
    context.rect(box[0] * size - left, box[1] * size - top, (box[2] - box[0]) * size, (box[3] - box[1]) * size);
    context.clip();
    context.lineJoin = context.lineCap = "round";
    const shown = layers.filter(({ kind }) => z >= (FROM[kind] ?? 0)).map((layer) => ({ ...layer, shapes: layer.shapes.filter((shape) => seen(shape.box)) }));
    for (const { kind, filled, shapes } of shown) {
      if (kind === "minor") this.casings(context, shown, at, z);
      context.beginPath();
      for (const shape of shapes) trace(context, shape, at);
      if (filled) {
        context.fillStyle = colour(kind);
        context.fill("evenodd");
      } else {
        context.setLineDash(kind === "path" ? [3, 3] : []);
        context.strokeStyle = colour(kind);
        context.lineWidth = this.width(kind, z);
        context.stroke();
      }
    }
    context.setLineDash([]);
    context.restore();
    if (z >= NAMES_FROM) this.label(context, layers, { left, top, size, edge }, z);
  },

  casings(context, shown, at, z) {
    context.setLineDash([]);
    for (const { kind, shapes } of shown.filter(({ kind }) => kind === "minor" || kind === "major")) {
      context.beginPath();
      for (const shape of shapes) trace(context, shape, at);
      context.strokeStyle = colour("casing");
      context.lineWidth = this.width(kind, z) + 2;
      context.stroke();
    }
  },

  width(kind, z) {
    return Math.max(kind === "major" ? 1.6 : 0.8, Math.min(WIDTHS[kind] * 1.7 ** (z - 16), WIDTHS[kind] * 4));
  },

  label(context, layers, { left, top, size, edge }, z) {
    context.font = "500 11px system-ui, sans-serif";
    if (!this.names.has(z)) this.names.set(z, place(layers, size, context));
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = colour("text");
    context.strokeStyle = colour("halo");
    context.lineWidth = 3;
    for (const { name, width, x, y, angle } of this.names.get(z)) {
      if (x + width < left || x - width > left + edge || y + width < top || y - width > top + edge) continue;
      context.save();
      context.translate(x - left, y - top);
      context.rotate(angle);
      context.strokeText(name, 0, 0);
      context.fillText(name, 0, 0);
      context.restore();
    }
  },
});

// Open a map in an element, as its data attributes say: ``bounds`` is west, south, east, north.
export function open(element) {
  const map = L.map(element, { zoomSnap: 0.5, worldCopyJump: true, maxZoom: 19, minZoom: 2 });
  map.attributionControl.setPrefix(false);
  const { tiles, tileAttribution, city, bounds } = element.dataset;
  if (tiles) {
    L.tileLayer(tiles, { maxZoom: 19, attribution: tileAttribution }).addTo(map);
  } else {
    new City(city, { maxZoom: 19 }).addTo(map);
  }
  const [west, south, east, north] = bounds.split(",").map(Number);
  map.fitBounds([[south, west], [north, east]], { maxZoom: 17, animate: false });
  new ResizeObserver(() => map.invalidateSize()).observe(element);
  return map;
}

// An element of text alone: what people write never becomes markup.
export function node(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Draw an area as the API writes it: {bbox}, {circle} or {polygon}.
export function shapeOf(area) {
  const look = { color: colour("mark"), weight: 2, fillOpacity: 0.12 };
  if (area.bbox) {
    const [west, south, east, north] = area.bbox;
    return L.rectangle([[south, west], [north, east < west ? east + 360 : east]], look);
  }
  if (area.circle) return L.circle([area.circle.lat, area.circle.lon], { radius: area.circle.radius_m, ...look });
  return L.polygon(area.polygon.coordinates.map((ring) => ring.map(([lon, lat]) => [lat, lon])), look);
}

for (const element of document.querySelectorAll("[data-area-map]")) {
  const map = open(element);
  const shape = shapeOf(JSON.parse(element.dataset.areaMap)).addTo(map);
  map.fitBounds(shape.getBounds(), { padding: [16, 16], animate: false });
}
for (const element of document.querySelectorAll("[data-point-map]")) {
  const map = open(element);
  const point = element.dataset.pointMap.split(",").map(Number);
  map.setView(point, 17, { animate: false });
  L.circleMarker(point, { radius: 8, weight: 3, color: colour("halo"), fillColor: colour("mark"), fillOpacity: 1 }).addTo(map);
}
