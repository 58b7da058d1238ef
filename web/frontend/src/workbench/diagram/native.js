// Settings for which the library's panel has entries of its own. The table view shows them as rows, beside those of fields.js.
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { Change, attribute, eventDefinition, extension, owner, reference, setAttribute } from './settings.js';
import { REPETITIONS, condition, over, repeatsOver, repetition, setRepetition } from './repetition.js';

const type = (...types) => (element) => isAny(element, types);
const isProcess = (element) => is(element, 'bpmn:Process') || (is(element, 'bpmn:Participant') && Boolean(owner(element)));

const zeebe = (kind, name) => ({
  get: (element) => attribute(element, kind, name),
  set: (services, element, value) => setAttribute(services, element, kind, name, value),
});

/** A text or a switch of the element itself, or of what `find` answers for it. */
const plain = (name, find = getBusinessObject) => ({
  get: (element) => String(find(element).get(name) ?? ''),
  set: (services, element, value) => { new Change(services, element).update(find(element), { [name]: value || undefined }).run(); },
});
const yesNo = (get, set) => ({
  get: (element) => (get(element) ? 'yes' : 'no'),
  set: (services, element, value) => set(services, element, value === 'yes'),
  choices: () => ['yes', 'no'].map((value) => ({ value, label: value, translate: true })),
  always: true,
});
const flag = (name, find = getBusinessObject) => yesNo((element) => find(element).get(name) !== false,
  (services, element, on) => { new Change(services, element).update(find(element), { [name]: on }).run(); });
const propagates = (name) => yesNo((element) => extension(owner(element), 'zeebe:CalledElement')?.get(name) !== false,
  (services, element, on) => {
    const change = new Change(services, element);
    change.update(change.extension(owner(element), 'zeebe:CalledElement'), { [name]: on }).run();
  });

const definition = (kind) => (element) => eventDefinition(element, `bpmn:${kind}EventDefinition`);
const has = (kind) => (element) => Boolean(definition(kind)(element));
const filter = (name) => ({
  get: (element) => extension(definition('Conditional')(element), 'zeebe:ConditionalFilter')?.get(name) || '',
  set: (services, element, value) => setAttribute(services, element, 'zeebe:ConditionalFilter', name, value, definition('Conditional')(element)),
});
const root = (element) => reference(element)?.holder.get(reference(element).attribute);
const CODES = { 'bpmn:Error': 'errorCode', 'bpmn:Escalation': 'escalationCode' };
const startsInside = (element) => is(element, 'bpmn:StartEvent') && Boolean(getBusinessObject(element).$parent?.triggeredByEvent);

/** The activities an undo event may name. */
const undone = (config, element) => config.elementRegistry.filter((each) => is(each, 'bpmn:Activity') && !each.labelTarget && each.parent === element.parent)
  .map((each) => ({ value: each.id, label: getBusinessObject(each).name || each.id }));

export const NATIVE = [
  { id: 'processName', label: 'Process name', applies: (element) => is(element, 'bpmn:Participant') && isProcess(element), ...plain('name', owner) },
  { id: 'versionTag', label: 'Version tag', applies: isProcess, ...zeebe('zeebe:VersionTag', 'value') },
  { id: 'assignee', label: 'Assignee', applies: type('bpmn:UserTask'), ...zeebe('zeebe:AssignmentDefinition', 'assignee') },
  { id: 'candidateUsers', label: 'Candidate users', applies: type('bpmn:UserTask'), ...zeebe('zeebe:AssignmentDefinition', 'candidateUsers') },
  { id: 'dueDate', label: 'Due date', applies: type('bpmn:UserTask'), ...zeebe('zeebe:TaskSchedule', 'dueDate') },
  { id: 'followUpDate', label: 'Follow up date', applies: type('bpmn:UserTask'), ...zeebe('zeebe:TaskSchedule', 'followUpDate') },
  { id: 'priority', label: 'Priority', applies: type('bpmn:UserTask'), ...zeebe('zeebe:PriorityDefinition', 'priority') },
  { id: 'repetition', label: 'Repetition', applies: type('bpmn:Activity'), get: repetition, set: setRepetition, choices: () => REPETITIONS.map((value) => ({ value, label: value, translate: true })) },
  { id: 'inputCollection', label: 'Input collection', applies: repeatsOver, ...over('inputCollection') },
  { id: 'inputElement', label: 'Input element', applies: repeatsOver, ...over('inputElement') },
  { id: 'outputCollection', label: 'Output collection', applies: repeatsOver, ...over('outputCollection') },
  { id: 'outputElement', label: 'Output element', applies: repeatsOver, ...over('outputElement') },
  { id: 'completionCondition', label: 'Completion condition', applies: repeatsOver, ...condition('completionCondition') },
  { id: 'code', label: 'Code', applies: (element) => Boolean(CODES[root(element)?.$type]), get: (element) => root(element).get(CODES[root(element).$type]) || '', set: (services, element, value) => plain(CODES[root(element).$type], root).set(services, element, value) },
  { id: 'linkName', label: 'Link name', applies: has('Link'), ...plain('name', definition('Link')) },
  { id: 'variableNames', label: 'Variable names', applies: has('Conditional'), ...filter('variableNames') },
  { id: 'variableEvents', label: 'Variable events', applies: has('Conditional'), ...filter('variableEvents'), choices: () => ['create', 'update', 'create, update'].map((value) => ({ value, label: value, translate: true })) },
  { id: 'waitForCompletion', label: 'Wait for completion', applies: (element) => has('Compensate')(element) && !is(element, 'bpmn:BoundaryEvent'), ...flag('waitForCompletion', definition('Compensate')) },
  {
    id: 'activityRef', label: 'Activity reference', applies: (element) => has('Compensate')(element) && !is(element, 'bpmn:BoundaryEvent'), choices: undone,
    get: (element) => definition('Compensate')(element).get('activityRef')?.id || '',
    set: (services, element, value, registry) => { new Change(services, element).update(definition('Compensate')(element), { activityRef: value ? getBusinessObject(registry.get(value)) : undefined }).run(); },
  },
  { id: 'interrupting', label: 'Interrupting', applies: (element) => is(element, 'bpmn:BoundaryEvent') && !['Error', 'Compensate', 'Cancel'].some((kind) => has(kind)(element)), ...flag('cancelActivity') },
  { id: 'isInterrupting', label: 'Interrupting', applies: startsInside, ...flag('isInterrupting') },
  { id: 'propagateAllParentVariables', label: 'Propagate all parent process variables', applies: type('bpmn:CallActivity'), ...propagates('propagateAllParentVariables') },
  { id: 'propagateAllChildVariables', label: 'Propagate all child process variables', applies: type('bpmn:CallActivity'), ...propagates('propagateAllChildVariables') },
  { id: 'text', label: 'Text', applies: type('bpmn:TextAnnotation'), ...plain('text'), lines: true },
  {
    id: 'documentation', label: 'Documentation', applies: () => true, lines: true,
    get: (element) => owner(element).get('documentation')?.[0]?.text || '',
    set: (services, element, value) => {
      const change = new Change(services, element);
      change.update(owner(element), { documentation: value ? [change.create('bpmn:Documentation', { text: value }, owner(element))] : [] }).run();
    },
  },
  { id: 'id', label: 'ID', applies: (element) => Boolean(element.parent) || is(element, 'bpmn:Process'), get: (element) => getBusinessObject(element).id, renames: true },
];
