// Maps load only where a page has one. A field without a map still takes "longitude, latitude".
import { pageData } from '../shared/page.js';
import { say } from './words.js';

export function startMaps(root) {
  for (const place of root.querySelectorAll('[data-map]')) if (!place.dataset.started) { place.dataset.started = '1'; watch(place); }
  for (const button of root.querySelectorAll('[data-locate]')) {
    if (button.dataset.started) continue;
    button.dataset.started = '1';
    button.addEventListener('click', () => locate(button));
  }
}

function watch(place) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    draw(place);
  });
  observer.observe(place);
}

const CENTRE = [22.5431, 114.0579];

const parse = (text) => {
  const pair = (text || '').split(/[,，\s]+/).map(Number);
  return pair.length === 2 && pair.every(Number.isFinite) ? [pair[1], pair[0]] : null;
};

async function draw(place) {
  const { default: L } = await import('leaflet');
  await import('leaflet/dist/leaflet.css');
  const setting = pageData('map-setting') || {};
  const field = place.dataset.map ? document.getElementById(place.dataset.map) : null;
  const point = parse(field ? field.value : place.dataset.point);
  // The view comes first: paths drawn on a map without one have no bounds to be clipped to.
  const map = L.map(place, { attributionControl: Boolean(setting.tiles), scrollWheelZoom: false, zoomControl: false, fadeAnimation: false, zoomAnimation: false, center: point || CENTRE, zoom: point ? (setting.tiles ? 16 : 12) : 10 });
  L.control.zoom({ zoomInTitle: say('closer'), zoomOutTitle: say('farther') }).addTo(map);
  place.setAttribute('role', 'group');
  place.setAttribute('aria-label', say(field ? 'map_to_choose' : 'map'));
  if (setting.tiles) L.tileLayer(setting.tiles, { maxZoom: 19, attribution: setting.attribution || '' }).addTo(map);
  const areas = L.geoJSON(setting.areas || { type: 'FeatureCollection', features: [] }, {
    interactive: false,
    style: { color: '#55707a', weight: 1.2, fillColor: '#ffffff', fillOpacity: setting.tiles ? 0.05 : 0.75 },
    onEachFeature: ({ properties }, outline) => outline.bindTooltip(properties.label, { permanent: true, direction: 'center', className: 'map-label' }),
  }).addTo(map);
  const chooser = field?.form?.elements.district;
  /** The outline of the district that is chosen in the form, else of the one the case lies in; all of them without one. */
  const around = () => {
    const wanted = chooser?.value || setting.district;
    return areas.getLayers().find(({ feature: { properties } }) => [properties.code, properties.name].includes(wanted)) || areas;
  };
  const turn = () => {
    areas.setStyle({ weight: 1.2 });
    const chosen = around();
    if (chosen !== areas) chosen.setStyle({ weight: 3 }).bringToFront();
    if (chosen.getBounds().isValid()) map.fitBounds(chosen.getBounds());
  };
  map.on('zoomend resize', () => clearLabels(areas));
  let dot;
  const put = (latlng) => {
    if (dot) dot.setLatLng(latlng);
    else dot = L.circleMarker(latlng, { radius: 9, color: '#fff', weight: 3, fillColor: '#b3261e', fillOpacity: 1 }).addTo(map);
  };
  const near = parse(setting.point);
  if (!point) turn();
  if (!point && near) map.setView(near, Math.max(map.getZoom(), 12));
  if (point) put(point);
  clearLabels(areas);
  if (!field) return;
  chooser?.addEventListener('change', turn);
  map.on('click', ({ latlng }) => {
    put(latlng);
    field.value = `${latlng.lng.toFixed(6)}, ${latlng.lat.toFixed(6)}`;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  });
  field.addEventListener('change', () => { const at = parse(field.value); if (at) { put(at); map.setView(at, Math.max(map.getZoom(), 12)); } });
}

/** No label lies over another: from far away some wait until one comes closer. */
function clearLabels(areas) {
  const shown = [];
  for (const area of areas.getLayers()) {
    const label = area.getTooltip().getElement();
    label.hidden = false;
    const box = label.getBoundingClientRect();
    label.hidden = shown.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom);
    if (!label.hidden) shown.push(box);
  }
}

function locate(button) {
  const field = document.getElementById(button.dataset.locate);
  const label = button.textContent;
  if (!navigator.geolocation) { button.textContent = say('no_place'); return; }
  button.textContent = say('locating');
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      field.value = `${coords.longitude.toFixed(6)}, ${coords.latitude.toFixed(6)}`;
      field.dispatchEvent(new Event('change', { bubbles: true }));
      button.textContent = label;
    },
    () => { button.textContent = say('no_place'); },
    { enableHighAccuracy: true, timeout: 15000 },
  );
}
