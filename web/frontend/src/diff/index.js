// Two versions of a diagram side by side, with colours: {"old": xml, "new": xml} in the JSON named by data-diff.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { diff } from 'bpmn-js-differ';
import zeebeModdle from 'zeebe-bpmn-moddle/resources/zeebe.json';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import './diff.css';
import { pageData } from '../shared/page.js';

async function side(place, title, xml) {
  const holder = document.createElement('figure');
  holder.className = 'cl-diff-side';
  const caption = document.createElement('figcaption');
  caption.textContent = title;
  const canvas = document.createElement('div');
  canvas.className = 'cl-diff-canvas';
  holder.append(caption, canvas);
  place.append(holder);
  if (!xml) return null;
  const viewer = new NavigatedViewer({ container: canvas, moddleExtensions: { zeebe: zeebeModdle }, zoomScroll: { enabled: false } });
  await viewer.importXML(xml);
  return viewer;
}

function mark(viewer, ids, name) {
  const registry = viewer?.get('elementRegistry');
  for (const id of ids) if (registry?.get(id)) viewer.get('canvas').addMarker(id, `cl-diff-${name}`);
}

function together(one, other) {
  let following = false;
  for (const [from, to] of [[one, other], [other, one]]) {
    from.on('canvas.viewbox.changed', ({ viewbox }) => {
      if (following) return;
      following = true;
      to.get('canvas').viewbox(viewbox);
      following = false;
    });
  }
}

async function show(place) {
  const { old: oldXml, new: newXml } = pageData(place.dataset.diff);
  const oldSide = await side(place, place.dataset.old, oldXml);
  const newSide = await side(place, place.dataset.new, newXml);
  for (const each of [oldSide, newSide].filter(Boolean)) { // both stand there now, each with its half of the room
    each.get('canvas').resized();
    each.get('canvas').zoom('fit-viewport', 'auto');
  }
  if (oldSide && newSide) {
    const found = diff(oldSide.getDefinitions(), newSide.getDefinitions());
    mark(newSide, Object.keys(found._added), 'added');
    mark(oldSide, Object.keys(found._removed), 'removed');
    for (const each of [oldSide, newSide]) {
      mark(each, Object.keys(found._changed), 'changed');
      mark(each, Object.keys(found._layoutChanged), 'moved');
    }
    together(oldSide, newSide);
  }
  place.dataset.ready = 'true';
}

for (const place of document.querySelectorAll('[data-diff]')) {
  show(place).catch((error) => { place.textContent = error.message; });
}
