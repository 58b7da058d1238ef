// Lists of two columns on an element: input and output mappings, headers of a connector. Each change is one undoable step.
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { isWorker } from './fields.js';
import { Change, eventDefinition, extension, owner } from './settings.js';

const ends = (element) => is(element, 'bpmn:EndEvent') && ['bpmn:ErrorEventDefinition', 'bpmn:TerminateEventDefinition'].some((type) => eventDefinition(element, type));

/** id, label, applies(element), what its two columns are called and in which attributes of which moddle type they stand. */
export const PAIRS = [
  {
    id: 'inputs', label: 'Inputs', applies: (element) => isAny(element, ['bpmn:Activity', 'bpmn:EndEvent', 'bpmn:IntermediateThrowEvent']) && !ends(element),
    container: 'zeebe:IoMapping', list: 'inputParameters', type: 'zeebe:Input', columns: ['target', 'source'], words: ['Variable', 'Value'],
  },
  {
    id: 'outputs', label: 'Outputs', applies: (element) => isAny(element, ['bpmn:Activity', 'bpmn:Event']) && !ends(element),
    container: 'zeebe:IoMapping', list: 'outputParameters', type: 'zeebe:Output', columns: ['target', 'source'], words: ['Variable', 'Value'],
  },
  {
    id: 'headers', label: 'Headers', applies: isWorker,
    container: 'zeebe:TaskHeaders', list: 'values', type: 'zeebe:Header', columns: ['key', 'value'], words: ['Name', 'Value'],
  },
];

/** The rows of a list as pairs of texts. */
export function pairs(element, { container, list, columns }) {
  const entries = extension(owner(element), container)?.get(list) || [];
  return entries.map((entry) => columns.map((column) => entry.get(column) || ''));
}

export function setPairs(services, element, { container, list, type, columns }, rows) {
  const change = new Change(services, element);
  const holder = change.extension(owner(element), container);
  const entries = rows.map((row) => change.create(type, Object.fromEntries(columns.map((column, place) => [column, row[place] || undefined])), holder));
  change.update(holder, { [list]: entries }).run();
}
