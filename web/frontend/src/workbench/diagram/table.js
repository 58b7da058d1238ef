// The diagram as a table: every element and every setting reachable by keyboard and screen reader, with the same edits as
// the drawing (one undo stack). The canvas itself is mouse-first, so this is the accessible way to change a process.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { typeName } from '../../shared/element-types.js';
import { say } from '../words/index.js';
import { fieldsOf, inputFields, offers } from './fields.js';

const APPENDABLE = [
  ['bpmn:UserTask'], ['bpmn:ServiceTask'], ['bpmn:ScriptTask'], ['bpmn:BusinessRuleTask'], ['bpmn:CallActivity'], ['bpmn:ExclusiveGateway'],
  ['bpmn:ParallelGateway'], ['bpmn:EndEvent'], ['bpmn:IntermediateCatchEvent', 'bpmn:TimerEventDefinition'],
  ['bpmn:IntermediateCatchEvent', 'bpmn:MessageEventDefinition'],
];
const ATTACHABLE = ['bpmn:TimerEventDefinition', 'bpmn:MessageEventDefinition', 'bpmn:SignalEventDefinition', 'bpmn:ErrorEventDefinition', 'bpmn:EscalationEventDefinition'];

export class TableView {
  constructor(place, modeler, workbench) {
    this.place = place;
    this.modeler = modeler;
    this.config = { choices: () => workbench.choices(), elementRegistry: modeler.get('elementRegistry') };
    this.services = { bpmnFactory: modeler.get('bpmnFactory'), commandStack: modeler.get('commandStack') };
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

  /** The process first, then elements as they are read: from left to right, then flows that carry a condition. */
  elements() {
    const registry = this.modeler.get('elementRegistry');
    const root = this.modeler.get('canvas').getRootElement();
    const shapes = registry.filter((each) => each.parent && !each.labelTarget && !each.waypoints && !is(each, 'bpmn:Group') && !is(each, 'bpmn:TextAnnotation'));
    shapes.sort((a, b) => a.x - b.x || a.y - b.y);
    const flows = registry.filter((each) => is(each, 'bpmn:SequenceFlow'));
    return [root, ...shapes, ...flows].filter((each) => each.type !== 'label');
  }

  row(each) {
    const businessObject = getBusinessObject(each);
    const row = make('tr');
    row.dataset.element = each.id;
    const header = make('th');
    header.scope = 'row';
    header.append(this.input(each, { id: 'name', label: 'Name', get: () => businessObject.get('name') || '', set: (_, target, value) => this.modeler.get('modeling').updateProperties(target, { name: value }) }));
    const kind = make('td');
    kind.append(line(typeName(businessObject)), line(each.id, 'text-body-secondary small font-monospace'), line(connections(businessObject), 'text-body-secondary small'));
    const settings = make('td');
    const list = make('div', 'cl-table-settings');
    for (const field of [...fieldsOf(each), ...inputFields(each, this.config.choices().connectors || [])]) list.append(this.input(each, field));
    if (!is(each, 'bpmn:SequenceFlow') && businessObject.get('documentation')) list.append(this.input(each, documentation(this)));
    settings.append(list);
    const problems = make('td');
    problems.dataset.problems = each.id;
    const deeds = make('td');
    deeds.append(...this.deeds(each));
    row.append(header, kind, settings, problems, deeds);
    return row;
  }

  input(each, field) {
    const label = make('label', 'cl-table-field');
    const value = field.get(each);
    const control = field.choices && !value.startsWith('=') ? this.select(each, field, value) : text(field, value);
    control.dataset.field = `${each.id}/${field.id}`;
    control.addEventListener('change', () => this.change(each, field, control));
    label.append(line(field.worded ? field.label : say(field.label), 'small'), control);
    return label;
  }

  select(each, field, value) {
    const control = make('select', 'form-select form-select-sm');
    const worded = field.choices(this.config, each).map((choice) => ({ ...choice, label: choice.translate ? say(choice.label) : choice.label }));
    const choices = [{ value: '', label: say('<none>') }, ...offers(field, value, worded)];
    if (field.feel) choices.push({ value: '=', label: say('Expression …') });
    for (const choice of choices) control.append(new Option(choice.label, choice.value, false, choice.value === value));
    return control;
  }

  change(each, field, control) {
    this.editing = true; // the row is being read by the person: do not rebuild it under the cursor
    field.set(this.services, each, control.value.trim());
    this.editing = false;
    if (control.tagName === 'SELECT') this.refresh();
  }

  deeds(each) {
    if (is(each, 'bpmn:SequenceFlow')) return [button(say('Remove'), () => this.modeler.get('modeling').removeElements([each]))];
    if (!each.parent) return [];
    const deeds = [];
    if (is(each, 'bpmn:FlowNode') && !is(each, 'bpmn:EndEvent')) {
      const menu = make('select', 'form-select form-select-sm');
      menu.setAttribute('aria-label', say('Append after'));
      menu.append(new Option(say('Append after'), ''));
      APPENDABLE.forEach(([type, event], index) => menu.append(new Option(typeName({ $type: type, eventDefinitions: event && [{ $type: event }] }), index)));
      menu.addEventListener('change', () => { if (menu.value !== '') this.append(each, APPENDABLE[menu.value]); });
      const connect = make('select', 'form-select form-select-sm');
      connect.setAttribute('aria-label', say('Connect to'));
      connect.append(new Option(say('Connect to'), ''));
      for (const other of this.elements()) {
        if (is(other, 'bpmn:FlowNode') && other !== each && !is(other, 'bpmn:StartEvent')) connect.append(new Option(getBusinessObject(other).name || other.id, other.id));
      }
      connect.addEventListener('change', () => {
        const target = this.modeler.get('elementRegistry').get(connect.value);
        if (target) this.modeler.get('modeling').connect(each, target);
      });
      deeds.push(menu, connect);
      if (is(each, 'bpmn:Activity')) deeds.push(this.attaching(each));
    }
    deeds.push(button(say('Remove'), () => this.modeler.get('modeling').removeElements([each])));
    return deeds;
  }

  /** A menu of events to put on the border of an activity. */
  attaching(each) {
    const menu = make('select', 'form-select form-select-sm');
    menu.setAttribute('aria-label', say('Attach to it'));
    menu.append(new Option(say('Attach to it'), ''));
    for (const event of ATTACHABLE) menu.append(new Option(typeName({ $type: 'bpmn:BoundaryEvent', eventDefinitions: [{ $type: event }] }), event));
    menu.addEventListener('change', () => {
      if (!menu.value) return;
      const shape = this.modeler.get('elementFactory').createShape({ type: 'bpmn:BoundaryEvent', eventDefinitionType: menu.value });
      const corner = { x: each.x + each.width / 2 + 20 * (each.attachers?.length || 0), y: each.y + each.height };
      this.show(this.modeler.get('modeling').createShape(shape, corner, each, { attach: true }));
    });
    return menu;
  }

  append(source, [type, eventDefinitionType]) {
    const shape = this.modeler.get('elementFactory').createShape({ type, eventDefinitionType });
    this.show(this.modeler.get('autoPlace').append(source, shape) || shape);
  }

  /** Rebuild the table and go to the new element. */
  show(shape) {
    this.refresh();
    this.place.querySelector(`[data-field="${CSS.escape(`${shape.id}/name`)}"]`)?.focus();
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

function documentation(view) {
  return {
    id: 'documentation', label: 'Documentation', lines: true,
    get: (each) => getBusinessObject(each).get('documentation')?.[0]?.text || '',
    set: (_, each, value) => {
      const made = view.services.bpmnFactory.create('bpmn:Documentation', { text: value });
      view.modeler.get('modeling').updateProperties(each, { documentation: value ? [made] : [] });
    },
  };
}

function connections(businessObject) {
  if (businessObject.$type === 'bpmn:SequenceFlow') return `${named(businessObject.sourceRef)} → ${named(businessObject.targetRef)}`;
  if (businessObject.$type === 'bpmn:BoundaryEvent') return `⌁ ${named(businessObject.attachedToRef)}`;
  const next = (businessObject.outgoing || []).map((flow) => named(flow.targetRef));
  return next.length ? `→ ${next.join(', ')}` : '';
}

const named = (businessObject) => businessObject?.name || businessObject?.id || '';

function text(field, value) {
  const control = make(field.lines ? 'textarea' : 'input', 'form-control form-control-sm');
  if (field.lines) control.rows = 3;
  if (field.hint) control.placeholder = say(field.hint);
  control.value = value;
  return control;
}

function caption() {
  const made = make('caption', 'caption-top');
  made.textContent = say('Every element and setting of the diagram; changes are the drawing\'s.');
  return made;
}

function head() {
  const made = make('thead');
  const row = make('tr');
  for (const word of ['Name', 'Kind', 'Settings', 'Problems', 'Deeds']) {
    const cell = make('th');
    cell.scope = 'col';
    cell.textContent = say(word);
    row.append(cell);
  }
  made.append(row);
  return made;
}

function button(label, deed) {
  const made = make('button', 'btn btn-sm btn-outline-secondary');
  made.type = 'button';
  made.textContent = label;
  made.addEventListener('click', deed);
  return made;
}

function line(content, className = '') {
  const made = make('div', className);
  made.textContent = content;
  return made;
}

function make(tag, className = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  return made;
}
