// The diagram as a table: every element and every setting reachable by keyboard and screen reader, with the same edits as
// the drawing (one undo stack). The canvas itself is mouse-first, so this is the accessible way to change a process.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { typeName } from '../../shared/element-types.js';
import { say } from '../words/index.js';
import { fieldsOf, inputFields } from './fields.js';
import { NATIVE } from './native.js';
import { PAIRS, pairs, setPairs } from './pairs.js';
import { addReference } from './settings.js';
import { Deeds } from './table-deeds.js';
import { button, line, make, pairList, select, text } from './table-controls.js';

const CODE = /^[a-z][a-z0-9_]{0,63}$/;

export class TableView {
  constructor(place, modeler, workbench) {
    this.place = place;
    this.modeler = modeler;
    this.workbench = workbench;
    this.config = { choices: () => workbench.choices(), elementRegistry: modeler.get('elementRegistry') };
    this.services = { bpmnFactory: modeler.get('bpmnFactory'), commandStack: modeler.get('commandStack') };
    this.deeds = new Deeds(modeler, () => this.elements(), (element) => this.show(element));
    this.problems = [];
    modeler.on('commandStack.changed', () => { if (!place.hidden && !this.editing) this.refresh(); });
  }

  refresh() {
    const focus = document.activeElement?.dataset?.field;
    const table = make('table', 'table table-sm align-top');
    table.append(caption(), head());
    const body = make('tbody');
    for (const each of this.elements()) body.append(this.row(each));
    table.append(body);
    this.place.replaceChildren(table);
    if (focus) this.place.querySelector(`[data-field="${CSS.escape(focus)}"]`)?.focus();
    this.showProblems(this.problems);
  }

  /** The process first, then shapes as they are read, from left to right, then connections. */
  elements() {
    const all = this.modeler.get('elementRegistry').filter((each) => each.parent && !each.labelTarget && !is(each, 'bpmn:Group') && each.type !== 'label');
    const shapes = all.filter((each) => !each.waypoints).sort((a, b) => a.x - b.x || a.y - b.y);
    return [this.modeler.get('canvas').getRootElement(), ...shapes, ...all.filter((each) => each.waypoints)];
  }

  row(each) {
    const businessObject = getBusinessObject(each);
    const row = make('tr');
    row.dataset.element = each.id;
    const header = make('th');
    header.scope = 'row';
    if (!is(each, 'bpmn:TextAnnotation')) header.append(this.input(each, { id: 'name', label: 'Name', get: () => businessObject.get('name') || '', set: (_, target, value) => this.modeler.get('modeling').updateProperties(target, { name: value }) }));
    const kind = make('td');
    kind.append(line(typeName(businessObject)), line(each.id, 'text-body-secondary small font-monospace'), line(connections(businessObject), 'text-body-secondary small'));
    const settings = make('td');
    settings.append(this.settings(each));
    const problems = make('td');
    problems.dataset.problems = each.id;
    const deeds = make('td');
    deeds.append(...this.deeds.of(each));
    row.append(header, kind, settings, problems, deeds);
    return row;
  }

  settings(each) {
    const known = inputFields(each, this.config.choices().connectors || []);
    const list = make('div', 'cl-table-settings');
    list.append(...[...fieldsOf(each), ...known, ...NATIVE.filter((field) => field.applies(each))].map((field) => this.input(each, field)));
    const taken = new Set(known.map((field) => field.id.replace(/^in-/, '')));
    for (const kind of PAIRS.filter(({ applies }) => applies(each))) {
      const rows = pairs(each, kind);
      const shown = kind.id === 'inputs' ? rows.filter(([target]) => !taken.has(target)) : rows;
      const kept = rows.filter((row) => !shown.includes(row));
      list.append(pairList(say(kind.label), kind.words, shown, (values, rebuild) => {
        this.quietly(() => setPairs(this.services, each, kind, [...kept, ...values]));
        if (rebuild) this.refresh();
      }));
    }
    return list;
  }

  input(each, field) {
    const label = make('label', 'cl-table-field');
    const value = field.get(each);
    const control = field.choices && !value.startsWith('=') ? select(field, value, field.choices(this.config, each)) : text(field, value);
    control.dataset.field = `${each.id}/${field.id}`;
    control.addEventListener('change', () => this.change(each, field, control));
    label.append(line(field.worded ? field.label : say(field.label), 'small'), control);
    if (!field.opens && !field.adds && !field.coins) return label;
    const place = make('div');
    place.append(label, this.beside(each, field, value));
    return place;
  }

  /** "Open" and "new" beside a choice list. */
  beside(each, field, value) {
    const place = make('div', 'cl-panel-buttons');
    const about = (word) => `${say(word)}: ${say(field.label)}`;
    if (field.opens && value) place.append(button(say('Open'), () => this.workbench.open(field.opens, value), about('Open')));
    if (field.opens) place.append(button(say('New'), () => this.workbench.create(field.opens, (name) => field.set(this.services, each, name)), about('New')));
    if (field.coins) place.append(button(say('New'), () => this.workbench.ask(say(field.coins), (code) => field.set(this.services, each, code), CODE), about('New')));
    if (field.adds) place.append(button(say('New'), () => this.workbench.ask(say('Name'), (name) => addReference(this.services, each, name)), about('New')));
    return place;
  }

  /** Change without rebuilding the row under the cursor of whoever is reading it. */
  quietly(deed) {
    this.editing = true;
    try {
      deed();
    } finally {
      this.editing = false;
    }
  }

  change(each, field, control) {
    const value = control.value.trim();
    if (field.renames) {
      const problem = this.rename(each, value);
      control.setCustomValidity(problem);
      control.reportValidity();
      return;
    }
    this.quietly(() => field.set(this.services, each, value, this.config.elementRegistry));
    if (control.tagName === 'SELECT') this.refresh();
  }

  /** Give an element another id; answers why not. */
  rename(each, id) {
    if (id === each.id) return '';
    if (!/^[A-Za-z_][\w.-]*$/.test(id)) return say('Letters, digits and _ only, and no digit first');
    if (this.modeler.get('moddle').ids.assigned(id)) return say('Another element has this ID');
    this.modeler.get('modeling').updateProperties(each, { id });
    return '';
  }

  /** Rebuild the table and go to an element. */
  show(element) {
    this.refresh();
    this.place.querySelector(`[data-element="${CSS.escape(element.id)}"] [data-field]`)?.focus();
  }

  showProblems(problems) {
    this.problems = problems;
    for (const cell of this.place.querySelectorAll('[data-problems]')) {
      const own = problems.filter((problem) => problem.element_id === cell.dataset.problems);
      cell.replaceChildren(...own.map((problem) => line(problem.text, problem.severity === 'error' ? 'text-danger-emphasis small' : 'text-warning-emphasis small')));
    }
  }

  reveal(problem) {
    const row = this.place.querySelector(`[data-element="${CSS.escape(problem.element_id)}"]`);
    if (!row) return false;
    const control = row.querySelector(`[data-field$="/cl-${problem.setting}"]`) || row.querySelector('[data-field]');
    row.scrollIntoView({ block: 'center' });
    control?.focus();
    return true;
  }
}

function connections(businessObject) {
  if (businessObject.sourceRef && businessObject.targetRef) return `${named(businessObject.sourceRef)} → ${named(businessObject.targetRef)}`;
  if (businessObject.$type === 'bpmn:BoundaryEvent') return `⌁ ${named(businessObject.attachedToRef)}`;
  const next = (businessObject.outgoing || []).map((flow) => named(flow.targetRef));
  return next.length ? `→ ${next.join(', ')}` : '';
}

const named = (businessObject) => businessObject?.name || businessObject?.text || businessObject?.id || '';

function caption() {
  const made = make('caption', 'caption-top');
  made.textContent = say('Every element and setting of the diagram; changes are the drawing\'s.');
  return made;
}

function head() {
  const made = make('thead');
  const row = make('tr');
  for (const word of ['Name', 'Kind', 'Settings', 'Problems', 'Actions']) {
    const cell = make('th');
    cell.scope = 'col';
    cell.textContent = say(word);
    row.append(cell);
  }
  made.append(row);
  return made;
}
