// The diagram editor: bpmn-js with the zeebe panel, trimmed and completed.
import BpmnModeler from 'bpmn-js/lib/Modeler';
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule } from 'bpmn-js-properties-panel';
import ZeebeBehaviors from 'camunda-bpmn-js-behaviors/lib/camunda-cloud';
import zeebeModdle from 'zeebe-bpmn-moddle/resources/zeebe.json';
import { CloudElementTemplatesPropertiesProviderModule } from 'bpmn-js-element-templates';
import ElementTemplateChooser from '@bpmn-io/element-template-chooser';
import ElementTemplateIcons from '@bpmn-io/element-template-icon-renderer';
import { CreateAppendAnythingModule, CreateAppendElementTemplatesModule } from 'bpmn-js-create-append-anything';
import { ZeebeVariableResolverModule } from '@bpmn-io/variable-resolver';
import minimap from 'diagram-js-minimap';
import tokenSimulation from 'bpmn-js-token-simulation';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import 'bpmn-js-element-templates/dist/assets/element-templates.css';
import '@bpmn-io/element-template-chooser/dist/element-template-chooser.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';
import 'bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css';
import './diagram.css';
import { typeName } from '../../shared/element-types.js';
import { language } from '../../shared/page.js';
import { translateInside } from '../../shared/dom-words.js';
import { say, translateModule } from '../words/index.js';
import own from '../words/zh.js';
import simulationWords from '../words/simulation.js';
import houseVariables from './variables.js';
import marks from './marks.js';
import offer from './offer.js';
import panel from './panel.js';
import { TableView } from './table.js';
import { connectorTemplates } from './templates.js';

/** "bpmn:UserTask / limit", as the expression's own window is headed, with the kind in words. */
const POPUP_TITLE = [/^bpmn:(\w+)(?= \/ )/, (whole) => typeName({ $type: whole })];

export class DiagramEditor {
  /** `workbench` answers choices(), variables(), open(kind, id), create(kind, then), ask(question, then), changed(). */
  constructor(place, workbench) {
    this.workbench = workbench;
    this.canvasPlace = element('div', 'cl-canvas');
    this.panelPlace = element('aside', 'cl-panel');
    this.panelPlace.setAttribute('aria-label', say('Settings'));
    this.tablePlace = element('div', 'cl-table');
    this.tablePlace.hidden = true;
    place.append(this.canvasPlace, this.panelPlace, this.tablePlace);
    this.modeler = new BpmnModeler({
      container: this.canvasPlace,
      propertiesPanel: { parent: this.panelPlace, feelPopupContainer: this.canvasPlace, getFeelPopupLinks: () => [] },
      workbench,
      moddleExtensions: { zeebe: zeebeModdle },
      additionalModules: [
        BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule, ZeebeBehaviors,
        CloudElementTemplatesPropertiesProviderModule, ElementTemplateChooser, ElementTemplateIcons, CreateAppendAnythingModule,
        CreateAppendElementTemplatesModule, ZeebeVariableResolverModule, minimap, tokenSimulation, translateModule,
        { workbench: ['value', workbench] }, houseVariables, marks, offer, panel,
      ],
    });
    this.modeler.get('elementTemplatesLoader').setTemplates(connectorTemplates(workbench.choices().connectors || [], say));
    this.modeler.on('commandStack.changed', () => { workbench.changed(); });
    this.modeler.on('elementTemplates.errors', ({ errors }) => { console.error('element templates', errors); });
    this.modeler.on('tokenSimulation.toggleMode', ({ active }) => { place.classList.toggle('cl-simulating', active); });
    const words = language() === 'zh' ? { ...own, ...simulationWords } : {};
    this.stopTranslating = translateInside(this.canvasPlace, words, { patterns: [POPUP_TITLE], except: '.djs-container svg' });
    this.table = new TableView(this.tablePlace, this.modeler, workbench);
    // The findings below come and go: the palette has to know how high the canvas is now.
    this.sizes = new ResizeObserver(() => { this.modeler.get('canvas').resized(); });
    this.sizes.observe(this.canvasPlace);
  }

  async load(xml) {
    const { warnings } = await this.modeler.importXML(xml);
    this.fit();
    this.table.refresh();
    return warnings.map(String);
  }

  /** The whole diagram beside the palette; small ones are not blown up. */
  fit() {
    const canvas = this.modeler.get('canvas');
    const size = canvas.getSize();
    if (!size.width || !size.height) return; // not on the screen
    canvas.zoom('fit-viewport');
    const { inner, outer, scale } = canvas.viewbox();
    const room = Math.min(1, (outer.width - 170) / Math.max(inner.width, 1), (outer.height - 90) / Math.max(inner.height, 1), Math.max(scale, 0.2) * 1.5);
    canvas.viewbox({ x: inner.x - 130 / room, y: inner.y - 50 / room, width: outer.width / room, height: outer.height / room });
  }

  async save() {
    return (await this.modeler.saveXML({ format: true })).xml;
  }

  showProblems(problems) {
    this.modeler.get('marks').show(problems);
    this.table.showProblems(problems);
  }

  reveal(problem) {
    return this.tablePlace.hidden ? this.modeler.get('marks').reveal(problem) : this.table.reveal(problem);
  }

  /** Draw how often each element was passed by the scenarios: green passed, red never. */
  showCoverage(counts) {
    const canvas = this.modeler.get('canvas');
    this.modeler.get('elementRegistry').forEach((each) => {
      if (each.labelTarget || !is(each, 'bpmn:FlowNode')) return; // nothing passes pools, lanes and notes
      canvas.removeMarker(each, 'cl-covered');
      canvas.removeMarker(each, 'cl-uncovered');
      if (counts) canvas.addMarker(each, counts[each.id] ? 'cl-covered' : 'cl-uncovered');
    });
  }

  toggleTable(shown = this.tablePlace.hidden) {
    this.tablePlace.hidden = !shown;
    this.canvasPlace.hidden = shown;
    this.panelPlace.hidden = shown;
    if (shown) this.table.refresh();
    return shown;
  }

  destroy() {
    this.sizes.disconnect();
    this.stopTranslating?.();
    this.modeler.destroy();
  }
}

function element(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
