// Draws the server's findings on the diagram and in the properties panel, and takes the reader to the element.
import { FIELDS } from './fields.js';

const CLASS = { error: 'cl-problem-error', warning: 'cl-problem-warning' };

class Marks {
  constructor(eventBus, canvas, elementRegistry, overlays, selection) {
    Object.assign(this, { eventBus, canvas, elementRegistry, overlays, selection });
    this.problems = [];
    eventBus.on('selection.changed', () => { setTimeout(() => this.tellPanel()); });
  }

  /** Show `problems` ({element_id, severity, text, setting}); those of other files are the caller's to leave out. */
  show(problems) {
    this.clear();
    this.problems = problems;
    const worst = new Map();
    for (const problem of problems) {
      const element = this.elementRegistry.get(problem.element_id);
      if (!element) continue;
      const severity = worst.get(element.id)?.severity === 'error' ? 'error' : problem.severity;
      worst.set(element.id, { severity, texts: [...(worst.get(element.id)?.texts || []), problem.text] });
    }
    for (const [id, { severity, texts }] of worst) {
      this.canvas.addMarker(id, CLASS[severity]);
      if (this.elementRegistry.get(id) === this.canvas.getRootElement()) continue;
      const sign = document.createElement('span');
      sign.className = `cl-problem-sign ${CLASS[severity]}`;
      sign.textContent = severity === 'error' ? '✕' : '!';
      sign.title = texts.join('\n');
      this.overlays.add(id, 'cl-problem', { position: { top: -10, left: -10 }, html: sign });
    }
    this.tellPanel();
  }

  clear() {
    for (const { element_id: id } of this.problems) {
      if (this.elementRegistry.get(id)) for (const name of Object.values(CLASS)) this.canvas.removeMarker(id, name);
    }
    this.overlays.remove({ type: 'cl-problem' });
    this.problems = [];
  }

  tellPanel() {
    const element = this.selection.get()[0] || this.canvas.getRootElement();
    const id = (element.labelTarget || element).id;
    const errors = {};
    for (const problem of this.problems) {
      const field = problem.element_id === id && panelEntry(problem.setting);
      if (field) errors[field] = problem.text;
    }
    this.eventBus.fire('propertiesPanel.setErrors', { errors });
  }

  /** Select the element and bring its setting into view. False when the element is not in this diagram. */
  reveal(problem) {
    const element = this.elementRegistry.get(problem.element_id);
    if (!element) return false;
    document.activeElement?.blur(); // a focused panel field would keep the panel on the old element
    this.canvas.setRootElement(this.canvas.findRoot(element));
    if (element !== this.canvas.getRootElement()) {
      this.canvas.scrollToElement(element, 120);
      this.selection.select(element);
    } else {
      this.selection.select([]);
    }
    const field = panelEntry(problem.setting);
    if (field) setTimeout(() => this.eventBus.fire('propertiesPanel.showEntry', { id: field }));
    return true;
  }
}
Marks.$inject = ['eventBus', 'canvas', 'elementRegistry', 'overlays', 'selection'];

const panelEntry = (setting) => setting && FIELDS.find((field) => field.id === `cl-${setting}`)?.id;

export default { __init__: ['marks'], marks: ['type', Marks] };
