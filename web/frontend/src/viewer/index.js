// A diagram on a page: the walked path, where the tokens are, counts. `web/templates/widgets/diagram.html` writes the place
// and its JSON: {"xml", "walked": {element or flow id: times}, "current": [element ids], "counts": {element id: number}}.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import zeebeModdle from 'zeebe-bpmn-moddle/resources/zeebe.json';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import './viewer.css';
import { language, pageData } from '../shared/page.js';
import { typeName } from '../shared/element-types.js';

const WORDS = {
  zh: { out: '缩小', in: '放大', fit: '适应窗口', left: '左移', right: '右移', up: '上移', down: '下移', here: '当前环节', passed: '已办理', times: '次', failed: '无法显示流程图' },
  en: { out: 'Zoom out', in: 'Zoom in', fit: 'Fit', left: 'Left', right: 'Right', up: 'Up', down: 'Down', here: 'Now here', passed: 'Passed', times: '×', failed: 'The diagram cannot be shown' },
};
const words = () => WORDS[language()] || WORDS.zh;
const PAN = 80;
const LOW = 120; // pixels
const BRAND = 90; // so that the drawing stands clear of bpmn.io's mark

class DiagramView {
  constructor(place) {
    this.place = place;
    this.data = pageData(place.dataset.diagram);
    this.canvasPlace = document.createElement('div');
    this.canvasPlace.className = 'diagram-canvas';
    place.append(this.canvasPlace);
    this.viewer = new NavigatedViewer({
      container: this.canvasPlace,
      moddleExtensions: { zeebe: zeebeModdle },
      zoomScroll: { enabled: false }, // the wheel scrolls the page, not the diagram
    });
    this.canvas = this.viewer.get('canvas');
  }

  async show() {
    await this.viewer.importXML(this.data.xml);
    this.shorten();
    this.canvas.zoom('fit-viewport', 'auto');
    this.mark();
    this.addToolbar();
    this.fillList();
    this.place.dataset.ready = 'true';
    new ResizeObserver(() => { this.canvas.resized(); this.canvas.zoom('fit-viewport', 'auto'); }).observe(this.canvasPlace);
  }

  /** A wide drawing on a narrow screen needs less height than there is. */
  shorten() {
    const { inner } = this.canvas.viewbox();
    const needed = Math.max(this.canvasPlace.clientWidth * inner.height / inner.width, LOW) + BRAND;
    if (needed >= this.canvasPlace.clientHeight) return;
    this.canvasPlace.style.height = `${needed}px`;
    this.canvas.resized();
  }

  mark() {
    const registry = this.viewer.get('elementRegistry');
    const known = (id) => registry.get(id);
    for (const id of Object.keys(this.data.walked || {})) if (known(id)) this.canvas.addMarker(id, 'diagram-walked');
    for (const id of this.data.current || []) if (known(id)) this.canvas.addMarker(id, 'diagram-current');
    const overlays = this.viewer.get('overlays');
    const badge = (id, text, title, kind) => {
      if (!known(id)) return;
      const html = document.createElement('span');
      html.className = `diagram-badge diagram-badge-${kind}`;
      html.textContent = text;
      html.title = title;
      overlays.add(id, { position: { top: -12, right: 14 }, html });
    };
    for (const [id, count] of Object.entries(this.data.counts || {})) badge(id, count, `${count}`, 'count');
    for (const [id, times] of Object.entries(this.data.walked || {})) {
      if (times > 1 && known(id)?.type !== 'bpmn:SequenceFlow') badge(id, `×${times}`, `${words().passed} ${times} ${words().times}`, 'times');
    }
  }

  addToolbar() {
    const bar = document.createElement('div');
    bar.className = 'diagram-toolbar';
    bar.setAttribute('role', 'toolbar');
    const button = (symbol, label, deed) => {
      const element = document.createElement('button');
      element.type = 'button';
      element.textContent = symbol;
      element.setAttribute('aria-label', label);
      element.title = label;
      element.addEventListener('click', deed);
      bar.append(element);
    };
    const scroll = (dx, dy) => () => this.canvas.scroll({ dx, dy });
    button('−', words().out, () => this.viewer.get('zoomScroll').stepZoom(-1));
    button('+', words().in, () => this.viewer.get('zoomScroll').stepZoom(1));
    button('⤢', words().fit, () => this.canvas.zoom('fit-viewport', 'auto'));
    button('←', words().left, scroll(PAN, 0));
    button('→', words().right, scroll(-PAN, 0));
    button('↑', words().up, scroll(0, PAN));
    button('↓', words().down, scroll(0, -PAN));
    this.place.prepend(bar);
  }

  /** The same facts as text, for readers who do not see the drawing. */
  fillList() {
    const list = this.place.parentElement?.querySelector('[data-diagram-list]');
    if (!list) return;
    const current = new Set(this.data.current || []);
    const walked = this.data.walked || {};
    const counts = this.data.counts || {};
    const rows = this.viewer.get('elementRegistry').filter((e) => !e.labelTarget && e.parent && !e.waypoints
      && (current.has(e.id) || walked[e.id] || counts[e.id]));
    rows.sort((a, b) => a.y - b.y || a.x - b.x);
    for (const element of rows) {
      const item = document.createElement('li');
      const state = [];
      if (current.has(element.id)) state.push(words().here);
      if (walked[element.id]) state.push(walked[element.id] > 1 ? `${words().passed} ${walked[element.id]} ${words().times}` : words().passed);
      if (counts[element.id]) state.push(`${counts[element.id]}`);
      item.textContent = `${element.businessObject.name || element.id} (${typeName(element.businessObject)}): ${state.join(', ')}`;
      list.append(item);
    }
  }
}

for (const place of document.querySelectorAll('[data-diagram]')) {
  new DiagramView(place).show().catch((error) => {
    place.textContent = `${words().failed}: ${error.message}`;
    place.dataset.failed = 'true';
  });
}
