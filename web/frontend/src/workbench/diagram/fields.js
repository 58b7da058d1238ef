// Every setting an element may have, once: the properties panel shows them in groups, the table view as rows.
// A field: id (also the panel entry's), label, group, applies(element), get(element), set(services, element, value), and
// optionally choices(config, element), feel (an expression may stand there), lines (a longer text), opens (kind of file),
// coins (the question by which somebody makes a new value).
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { language } from '../../shared/page.js';
import {
  TIMER_KINDS, attribute, defaultFlow, eventCondition, eventDefinition, input, owner, property, reference, rootElements, setAttribute, setCondition,
  setDefaultFlow, setEventCondition, setInput, setProperty, setReference, setTimer, timer,
} from './settings.js';
import { condition, most, repeatsWhile } from './repetition.js';

const type = (...types) => (element) => isAny(element, types);
const isProcess = (element) => is(element, 'bpmn:Process') || (is(element, 'bpmn:Participant') && Boolean(owner(element)));
const isActivity = type('bpmn:Activity');
const conditionalFlow = (element) => is(element, 'bpmn:SequenceFlow')
  && isAny(getBusinessObject(element).sourceRef, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway', 'bpmn:Activity']);
const messageCatch = (element) => is(element, 'bpmn:ReceiveTask')
  || (!is(element, 'bpmn:EndEvent') && !is(element, 'bpmn:IntermediateThrowEvent') && Boolean(eventDefinition(element, 'bpmn:MessageEventDefinition')));
const signalCatch = (element) => !isAny(element, ['bpmn:EndEvent', 'bpmn:IntermediateThrowEvent'])
  && Boolean(eventDefinition(element, 'bpmn:SignalEventDefinition'));
const messageThrow = (element) => is(element, 'bpmn:SendTask')
  || (isAny(element, ['bpmn:EndEvent', 'bpmn:IntermediateThrowEvent']) && Boolean(eventDefinition(element, 'bpmn:MessageEventDefinition')));
const worker = (element) => is(element, 'bpmn:ServiceTask') || messageThrow(element);
const hasTimer = (element) => Boolean(eventDefinition(element, 'bpmn:TimerEventDefinition'));

const zeebe = (kind, name) => ({
  get: (element) => attribute(element, kind, name),
  set: (services, element, value) => setAttribute(services, element, kind, name, value),
});
const named = (name) => ({
  get: (element) => property(element, name),
  set: (services, element, value) => setProperty(services, element, name, value),
});

const message = (element) => reference(element)?.holder.get(reference(element).attribute);

/** Activities of the same process a person does: what `independentOf` may name. */
function otherTasks(config, element) {
  const tasks = config.elementRegistry.filter((each) => is(each, 'bpmn:UserTask') && !each.labelTarget && each.id !== element.id);
  return tasks.map((each) => ({ value: each.id, label: getBusinessObject(each).name || each.id }));
}

const flowName = (flow) => {
  const { name, targetRef } = getBusinessObject(flow);
  return [name, `→ ${targetRef?.name || targetRef?.id || ''}`].filter(Boolean).join(' ');
};

const choicesOf = (kind) => (config) => config.choices()[kind] || [];

export const FIELDS = [
  { id: 'cl-group', group: 'person', label: 'Done by (group)', applies: type('bpmn:UserTask'), ...zeebe('zeebe:AssignmentDefinition', 'candidateGroups'), choices: choicesOf('groups'), several: true, feel: true, standard: 'assignmentDefinitionCandidateGroups' },
  { id: 'cl-independentOf', group: 'person', label: 'Not the person who did', applies: type('bpmn:UserTask'), ...named('independentOf'), choices: otherTasks, several: true, feel: true },
  { id: 'cl-responsible', group: 'person', label: 'Answers for the case', applies: isActivity, ...named('responsible'), feel: true },
  { id: 'cl-acceptedWhen', group: 'person', label: 'Taken over when', applies: type('bpmn:UserTask'), ...named('acceptedWhen'), hint: 'e.g. = decision != "return"', feel: true },
  { id: 'cl-offeredTo', group: 'person', label: 'Offered to (duty or organisation)', applies: type('bpmn:UserTask'), ...named('offeredTo'), feel: true },
  { id: 'cl-form', group: 'form', label: 'Form', applies: type('bpmn:UserTask'), ...zeebe('zeebe:FormDefinition', 'formId'), choices: choicesOf('forms'), opens: 'form', standard: 'formId' },
  { id: 'cl-evidence', group: 'form', label: 'Evidence', applies: type('bpmn:UserTask'), ...named('evidence'), choices: choicesOf('evidence'), feel: true },
  { id: 'cl-limit', group: 'clock', label: 'Time limit', applies: isActivity, ...named('limit'), feel: true, hint: 'e.g. 4 工作时, 5 工作日, 30 分钟, or = FEEL' },
  { id: 'cl-warn', group: 'clock', label: 'Warn at (%)', applies: isActivity, ...named('warn'), hint: 'For example 50, 80' },
  { id: 'cl-escalateTo', group: 'clock', label: 'Escalate to', applies: isActivity, ...named('escalateTo'), choices: choicesOf('groups'), feel: true },
  { id: 'cl-pausesWith', group: 'clock', label: 'Stands still with the clock', applies: isActivity, ...named('pausesWith'), hint: 'case: the case\'s own clock', feel: true },
  { id: 'cl-stage', group: 'clock', label: 'Public stage', applies: isActivity, ...named('stage'), choices: choicesOf('stages'), feel: true },
  { id: 'cl-condition', group: 'flow', label: 'Condition', applies: conditionalFlow, get: (element) => getBusinessObject(element).get('conditionExpression')?.get('body') || '', set: setCondition, feel: true, standard: 'conditionExpression' },
  { id: 'cl-eventCondition', group: 'flow', label: 'Condition', applies: (element) => Boolean(eventDefinition(element, 'bpmn:ConditionalEventDefinition')), get: eventCondition, set: setEventCondition, feel: true },
  { id: 'cl-default', group: 'flow', label: 'Default flow', applies: (element) => isAny(element, ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway']) && element.outgoing?.length > 1, get: defaultFlow, set: setDefaultFlow, choices: (config, element) => element.outgoing.map((flow) => ({ value: flow.id, label: flowName(flow) })) },
  { id: 'cl-decision', group: 'decision', label: 'Decision', applies: type('bpmn:BusinessRuleTask'), ...zeebe('zeebe:CalledDecision', 'decisionId'), choices: choicesOf('decisions'), opens: 'decision', standard: 'decisionId' },
  { id: 'cl-decisionResult', group: 'decision', label: 'Result goes to', applies: type('bpmn:BusinessRuleTask'), ...zeebe('zeebe:CalledDecision', 'resultVariable'), standard: 'resultVariable' },
  { id: 'cl-called', group: 'called', label: 'Called process', applies: type('bpmn:CallActivity'), ...zeebe('zeebe:CalledElement', 'processId'), choices: choicesOf('processes'), opens: 'process', standard: 'targetProcessId' },
  { id: 'cl-script', group: 'script', label: 'FEEL expression', applies: type('bpmn:ScriptTask'), ...zeebe('zeebe:Script', 'expression'), feel: true, lines: true, standard: 'scriptExpression' },
  { id: 'cl-scriptResult', group: 'script', label: 'Result goes to', applies: type('bpmn:ScriptTask'), ...zeebe('zeebe:Script', 'resultVariable'), standard: 'resultVariable' },
  { id: 'cl-connector', group: 'connector', label: 'Connector', applies: worker, ...zeebe('zeebe:TaskDefinition', 'type'), choices: choicesOf('connectors'), standard: 'taskDefinitionType' },
  { id: 'cl-retries', group: 'connector', label: 'Attempts', applies: worker, ...zeebe('zeebe:TaskDefinition', 'retries'), standard: 'taskDefinitionRetries' },
  { id: 'cl-timerKind', group: 'timer', label: 'Timer kind', applies: hasTimer, get: (element) => timer(element).kind, set: (services, element, value) => setTimer(services, element, value, timer(element).value), choices: () => TIMER_KINDS.map((kind) => ({ value: kind, label: kind, translate: true })), standard: 'timerEventDefinitionType' },
  { id: 'cl-timer', group: 'timer', label: 'Timer', applies: hasTimer, get: (element) => timer(element).value, set: (services, element, value) => setTimer(services, element, timer(element).kind || 'timeDuration', value), feel: true, hint: 'e.g. PT4H or = now() + working time("4 工作时")', standard: 'timerEventDefinitionValue' },
  { id: 'cl-reference', group: 'message', label: 'Message, signal or code', applies: (element) => Boolean(reference(element)), get: (element) => message(element)?.id || '', set: setReference, choices: (config, element) => rootElements(element, reference(element).type).map((root) => ({ value: root.id, label: root.name || root.id })), adds: true, standard: 'messageRef' },
  { id: 'cl-correlation', group: 'message', label: 'Correlation key', applies: (element) => messageCatch(element) && Boolean(message(element)), get: (element) => message(element)?.get('extensionElements')?.get('values')?.find((value) => value.$type === 'zeebe:Subscription')?.get('correlationKey') || '', set: (services, element, value) => setAttribute(services, element, 'zeebe:Subscription', 'correlationKey', value, message(element)), feel: true, standard: 'messageSubscriptionCorrelationKey' },
  { id: 'cl-scope', group: 'message', label: 'Which cases it reaches', applies: signalCatch, ...named('scope'), feel: true },
  { id: 'cl-optional', group: 'message', label: 'Lost when nobody waits for it', applies: messageThrow, ...named('optional'), choices: () => [{ value: 'true', label: 'yes', translate: true }] },
  { id: 'cl-loopCondition', group: 'loop', label: 'As long as', applies: repeatsWhile, ...condition('loopCondition'), feel: true },
  { id: 'cl-loopMaximum', group: 'loop', label: 'At most so many times', applies: repeatsWhile, ...most },
  { id: 'cl-kind', group: 'process', label: 'Kind of process', applies: isProcess, ...named('kind'), choices: choicesOf('kinds') },
  { id: 'cl-startForm', group: 'process', label: 'Start form', applies: isProcess, ...named('startForm'), choices: choicesOf('forms'), opens: 'form' },
  { id: 'cl-startGroups', group: 'process', label: 'Started by (groups)', applies: isProcess, ...named('startGroups'), choices: choicesOf('groups'), several: true },
  { id: 'cl-caseStatus', group: 'process', label: 'For cases that are', applies: isProcess, ...named('caseStatus'), choices: choicesOf('case_states'), several: true },
  { id: 'cl-replaces', group: 'process', label: 'Takes the place of the button', applies: isProcess, ...named('replaces'), choices: choicesOf('case_deeds') },
  { id: 'cl-serviceType', group: 'process', label: 'Service type', applies: isProcess, ...named('serviceType'), choices: choicesOf('service_types'), coins: 'Code of the new service type (lower-case letters, digits, _)' },
  { id: 'cl-serviceNameEn', group: 'process', label: 'English name of the service', applies: isProcess, ...named('serviceNameEn') },
];

export const GROUPS = {
  process: 'How it is used', person: 'Who does it', form: 'Form and evidence', clock: 'Limits and stage', flow: 'Condition', decision: 'Decision',
  called: 'Called process', script: 'Script', connector: 'Connector', timer: 'Timer', message: 'Message or signal', loop: 'Repetition',
};

export const fieldsOf = (element) => FIELDS.filter((field) => field.applies(element));

/** A field's choices with what stands in it now; a list of several may grow by one more. */
export function offers(field, value, choices) {
  const known = [...choices];
  const label = (each) => choices.find((choice) => choice.value === each)?.label;
  const parts = field.several && !value.startsWith('=') ? value.split(',').map((each) => each.trim()).filter(Boolean) : [];
  if (value && !known.some((choice) => choice.value === value)) {
    const all = parts.length && parts.every((each) => label(each));
    known.unshift({ value, label: all ? parts.map(label).join(language() === 'zh' ? '、' : ', ') : value.startsWith('=') ? value : `${value} ⚠` });
  }
  if (parts.length) known.push(...choices.filter((each) => !parts.includes(each.value)).map((each) => ({ value: `${value}, ${each.value}`, label: `＋ ${each.label}` })));
  return known;
}

/** What the element's connector takes, as fields; the properties panel has templates for the same. */
export function inputFields(element, connectors) {
  const connector = worker(element) && connectors.find(({ type: each }) => each === attribute(element, 'zeebe:TaskDefinition', 'type'));
  return (connector ? connector.inputs : []).map(({ name, label, choices }) => ({
    id: `in-${name}`, label, worded: true, get: () => input(element, name), set: (services, each, value) => setInput(services, each, name, value),
    ...(choices.length ? { choices: () => choices } : {}), feel: true,
  }));
}

export const isWorker = worker;
