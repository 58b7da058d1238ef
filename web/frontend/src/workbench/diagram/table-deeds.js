// What one can do with an element in the table view: append, connect, attach, put inside, change its kind, move to a lane, remove.
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { typeName } from '../../shared/element-types.js';
import { say } from '../words/index.js';
import { button, menu } from './table-controls.js';

const event = (type, kind) => ({ type, eventDefinitionType: kind && `bpmn:${kind}EventDefinition` });
const APPENDABLE = [
  ...['UserTask', 'ServiceTask', 'ScriptTask', 'BusinessRuleTask', 'SendTask', 'ReceiveTask', 'ManualTask', 'CallActivity', 'ExclusiveGateway', 'ParallelGateway', 'InclusiveGateway', 'EventBasedGateway', 'EndEvent'].map((name) => ({ type: `bpmn:${name}` })),
  { type: 'bpmn:SubProcess', isExpanded: true }, { type: 'bpmn:Transaction', isExpanded: true },
  ...['Timer', 'Message', 'Signal', 'Conditional', 'Link'].map((kind) => event('bpmn:IntermediateCatchEvent', kind)),
  ...['Message', 'Signal', 'Escalation', 'Compensate', 'Link'].map((kind) => event('bpmn:IntermediateThrowEvent', kind)),
  ...['Message', 'Signal', 'Error', 'Escalation', 'Terminate', 'Compensate'].map((kind) => event('bpmn:EndEvent', kind)),
];
const BESIDE = [
  { type: 'bpmn:StartEvent' }, { type: 'bpmn:UserTask' }, { type: 'bpmn:SubProcess', isExpanded: true },
  { type: 'bpmn:SubProcess', isExpanded: true, triggeredByEvent: true }, { type: 'bpmn:IntermediateCatchEvent' }, { type: 'bpmn:DataObjectReference' }, { type: 'bpmn:TextAnnotation' },
];
const STARTS = ['Message', 'Signal', 'Timer', 'Conditional', 'Error', 'Escalation'].map((kind) => event('bpmn:StartEvent', kind));
const ATTACHABLE = ['Timer', 'Message', 'Signal', 'Error', 'Escalation', 'Conditional', 'Compensate', 'Cancel'].map((kind) => event('bpmn:BoundaryEvent', kind));

const named = (each) => getBusinessObject(each).name || getBusinessObject(each).text || each.id;

function word({ type, eventDefinitionType, triggeredByEvent }) {
  if (triggeredByEvent) return say('Event Sub Process');
  return typeName({ $type: type, eventDefinitions: eventDefinitionType && [{ $type: eventDefinitionType }] });
}

export class Deeds {
  /** `elements` answers what the table lists; `show` rebuilds it and goes to an element. */
  constructor(modeler, elements, show) {
    this.get = (name) => modeler.get(name);
    this.elements = elements;
    this.show = show;
  }

  /** The controls of one row. */
  of(each) {
    const remove = () => button(say('Remove'), () => this.get('modeling').removeElements([each]), `${say('Remove')}: ${named(each)}`);
    if (each.waypoints) return [remove()];
    const found = [];
    if (is(each, 'bpmn:FlowNode') && !isAny(each, ['bpmn:EndEvent'])) found.push(this.offer('Append after', APPENDABLE, (kind) => this.append(each, kind)));
    if (isAny(each, ['bpmn:FlowNode', 'bpmn:TextAnnotation', 'bpmn:DataObjectReference', 'bpmn:Participant'])) found.push(menu(say('Connect to'), () => this.targets(each)));
    if (is(each, 'bpmn:Activity')) found.push(this.offer('Attach to it', ATTACHABLE, (kind) => this.attach(each, kind)));
    if (this.holds(each)) found.push(this.offer('Put inside', [...BESIDE, ...STARTS], (kind) => this.inside(each, kind)));
    if (!each.parent && !is(each, 'bpmn:Collaboration')) found.push(button(say('Put into a pool'), () => this.pool(each)));
    if (isAny(each, ['bpmn:Participant', 'bpmn:Lane'])) found.push(button(say('Add a lane'), () => this.show(this.get('modeling').addLane(each, 'bottom'))));
    if (is(each, 'bpmn:FlowNode')) {
      found.push(menu(say('Change into'), () => this.kinds(each)));
      if (this.lanes(each).length) found.push(menu(say('Move to lane'), () => this.lanes(each)));
    }
    return each.parent ? [...found, remove()] : found;
  }

  offer(label, kinds, deed) {
    return menu(say(label), () => kinds.map((kind) => ({ label: word(kind), deed: () => deed(kind) })));
  }

  shape({ type, ...rest }) { return this.get('elementFactory').createShape({ type, ...rest }); }

  append(source, kind) {
    const shape = this.shape(kind);
    this.show(this.get('autoPlace').append(source, shape) || shape);
  }

  attach(host, kind) {
    const corner = { x: host.x + host.width / 2 + 20 * (host.attachers?.length || 0), y: host.y + host.height };
    this.show(this.get('modeling').createShape(this.shape(kind), corner, host, { attach: true }));
  }

  holds(each) {
    if (!each.parent) return !is(each, 'bpmn:Collaboration');
    return isAny(each, ['bpmn:Participant', 'bpmn:SubProcess']) && each.children && getBusinessObject(each).di?.isExpanded !== false && !each.collapsed;
  }

  /** A free place below what stands in `parent` already; the frame grows with it. */
  inside(parent, kind) {
    const shape = this.shape(kind);
    const around = (parent.children || []).filter((each) => !each.waypoints && !each.labelTarget && !is(each, 'bpmn:Lane'));
    const left = around.length ? Math.min(...around.map((each) => each.x)) : (parent.x ?? 100) + 60;
    const below = around.length ? Math.max(...around.map((each) => each.y + each.height)) : (parent.y ?? 60) + 20;
    const [made] = this.get('modeling').createElements([shape], { x: left + shape.width / 2, y: below + 40 + shape.height / 2 }, parent);
    this.show(made || shape);
  }

  pool(root) {
    const box = this.get('elementRegistry').filter((each) => each.parent === root && !each.waypoints);
    const middle = (axis, size) => (box.length ? (Math.min(...box.map((each) => each[axis])) + Math.max(...box.map((each) => each[axis] + each[size]))) / 2 : 300);
    const shape = this.get('elementFactory').createParticipantShape();
    this.show(this.get('modeling').createShape(shape, { x: middle('x', 'width'), y: middle('y', 'height') }, root));
  }

  /** Whatever the rules of BPMN let this element be connected to. */
  targets(each) {
    const rules = this.get('rules');
    return this.elements().filter((other) => other !== each && !other.waypoints && other.parent && rules.allowed('connection.create', { source: each, target: other, hints: { targetParent: other.parent, targetAttach: false } }))
      .map((other) => ({ label: named(other), deed: () => this.show(this.get('modeling').connect(each, other)) }));
  }

  /** The entries of the replace menu, the same as on the drawing. */
  kinds(each) {
    const popup = this.get('popupMenu');
    const entries = popup._getEntries(each, popup._getProviders('bpmn-replace'));
    return Object.values(entries).map((entry) => ({
      label: say(entry.label),
      deed: () => {
        const made = (entry.action.click || entry.action)(new Event('click'), entry);
        this.show(made?.id ? made : this.get('selection').get()[0] || each);
      },
    }));
  }

  lanes(each) {
    const pool = each.parent;
    if (!is(pool, 'bpmn:Participant')) return [];
    const leaves = this.get('elementRegistry').filter((lane) => is(lane, 'bpmn:Lane') && !lane.children.some((child) => is(child, 'bpmn:Lane')) && within(lane, pool));
    return leaves.map((lane) => ({
      label: named(lane),
      deed: () => {
        const delta = { x: 0, y: lane.y + lane.height / 2 - each.y - each.height / 2 };
        this.get('modeling').moveElements([each], delta, pool);
        this.show(each);
      },
    }));
  }
}

function within(lane, pool) {
  for (let each = lane; each; each = each.parent) if (each === pool) return true;
  return false;
}
