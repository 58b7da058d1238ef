// The decision table editor: dmn-js with FEEL, in the reader's language, with the server's findings below.
import DmnModeler from 'dmn-js/lib/Modeler';
import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-drd.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-js-literal-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression-controls.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn.css';
import './decision.css';
import { language } from '../../shared/page.js';
import { translateInside } from '../../shared/dom-words.js';
import { decisionModule, say } from '../words/index.js';
import decisionWords from '../words/decision.js';

export class DecisionEditor {
  constructor(place, workbench) {
    this.workbench = workbench;
    this.place = make('div', 'cl-decision');
    this.views = make('div', 'cl-decision-views btn-group');
    this.views.setAttribute('role', 'group');
    this.views.setAttribute('aria-label', say('Decisions of this file'));
    this.host = make('div', 'cl-decision-host');
    this.place.append(this.views, this.host);
    place.append(this.place);
    const words = { additionalModules: [decisionModule] };
    this.modeler = new DmnModeler({ container: this.host, drd: words, decisionTable: words, literalExpression: words, boxedExpression: words });
    this.modeler.on('views.changed', () => { this.listViews(); });
    if (language() === 'zh') this.stopTranslating = translateInside(this.host, decisionWords.exact, { patterns: decisionWords.patterns, except: '.content-editable, .cell-value, .cm-editor, .allowed-values, .cl-decision-name' });
  }

  async load(xml) {
    const { warnings } = await this.modeler.importXML(xml);
    const first = this.modeler.getViews().find((view) => view.type === 'decisionTable') || this.modeler.getViews()[0];
    if (first) await this.show(first);
    this.loaded = true;
    return warnings.map(String);
  }

  async show(view) {
    await this.modeler.open(view);
    this.watch();
    this.listViews();
  }

  /** Every view has a command stack of its own; each is listened to once. */
  watch() {
    const viewer = this.modeler.getActiveViewer();
    if (!viewer || viewer.clWatched) return;
    viewer.clWatched = true;
    viewer.get('eventBus').on('elements.changed', () => { if (this.loaded) this.workbench.changed(); });
  }

  listViews() {
    const active = this.modeler.getActiveView();
    const names = { drd: say('Overview') };
    this.views.replaceChildren(...this.modeler.getViews().map((view) => {
      const shown = view === active;
      const button = make('button', `btn btn-sm ${shown ? 'btn-secondary' : 'btn-outline-secondary'}`);
      button.type = 'button';
      button.textContent = names[view.type] || view.name || view.id;
      button.setAttribute('aria-pressed', String(shown));
      button.addEventListener('click', () => { this.show(view); });
      return button;
    }));
  }

  async save() {
    return (await this.modeler.saveXML({ format: true })).xml;
  }

  showProblems() {} // they are listed below the editor; dmn-js has no place for them in a cell

  async reveal(problem) {
    const view = this.modeler.getViews().find((each) => each.element.id === problem.element_id || contains(each.element, problem.element_id));
    if (!view) return false;
    await this.show(view);
    this.host.querySelector(`[data-row-id="${CSS.escape(problem.element_id)}"], [data-element-id="${CSS.escape(problem.element_id)}"]`)?.scrollIntoView({ block: 'center' });
    return true;
  }

  destroy() {
    this.stopTranslating?.();
    this.modeler.destroy();
  }
}

function contains(decision, id) {
  const logic = decision.decisionLogic;
  return [...(logic?.rule || []), ...(logic?.input || []), ...(logic?.output || [])].some((part) => part.id === id);
}

function make(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
