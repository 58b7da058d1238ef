// How often an activity is done: once, for every item of a list (at once or one after the other), or as long as a condition holds.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { Change, extension, setAttribute } from './settings.js';

const MULTI = 'bpmn:MultiInstanceLoopCharacteristics';
const STANDARD = 'bpmn:StandardLoopCharacteristics';
export const REPETITIONS = ['parallel', 'sequential', 'loop'];

const loop = (element) => getBusinessObject(element).get('loopCharacteristics');
export const repeatsOver = (element) => is(element, 'bpmn:Activity') && loop(element)?.$type === MULTI;
export const repeatsWhile = (element) => is(element, 'bpmn:Activity') && loop(element)?.$type === STANDARD;

export function repetition(element) {
  if (repeatsWhile(element)) return 'loop';
  if (!repeatsOver(element)) return '';
  return loop(element).get('isSequential') ? 'sequential' : 'parallel';
}

export function setRepetition(services, element, kind) {
  const change = new Change(services, element);
  const businessObject = getBusinessObject(element);
  const made = { '': undefined, loop: () => change.create(STANDARD, {}, businessObject) }[kind];
  const multi = () => (repeatsOver(element) ? loop(element) : change.create(MULTI, {}, businessObject));
  const characteristics = kind === '' ? undefined : kind === 'loop' ? made() : multi();
  change.update(businessObject, { loopCharacteristics: characteristics });
  if (characteristics?.$type === MULTI) change.update(characteristics, { isSequential: kind === 'sequential' || undefined });
  change.run();
}

/** What is repeated over: an attribute of zeebe:LoopCharacteristics below the loop. */
export const over = (name) => ({
  get: (element) => extension(loop(element), 'zeebe:LoopCharacteristics')?.get(name) || '',
  set: (services, element, value) => setAttribute(services, element, 'zeebe:LoopCharacteristics', name, value, loop(element)),
});

/** An expression of the loop itself: completionCondition, loopCondition. */
export const condition = (name) => ({
  get: (element) => loop(element).get(name)?.get('body') || '',
  set: (services, element, value) => {
    const change = new Change(services, element);
    const expression = value ? change.create('bpmn:FormalExpression', { body: value }, loop(element)) : undefined;
    change.update(loop(element), { [name]: expression }).run();
  },
});

export const most = {
  get: (element) => String(loop(element).get('loopMaximum') ?? ''),
  set: (services, element, value) => { new Change(services, element).update(loop(element), { loopMaximum: value || undefined }).run(); },
};
