// Reads and writes what an element says in its `zeebe:` extension elements, each change as one undoable step.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

/** A participant's settings are its process'. */
export const owner = (element) => {
  const businessObject = getBusinessObject(element);
  return is(businessObject, 'bpmn:Participant') ? businessObject.get('processRef') : businessObject;
};

const extensions = (holder) => holder?.get('extensionElements')?.get('values') || [];
export const extension = (holder, type) => extensions(holder).find((value) => value.$type === type);

export const attribute = (element, type, name) => extension(owner(element), type)?.get(name) || '';

export const property = (element, name) => extension(owner(element), 'zeebe:Properties')
  ?.get('properties')?.find((entry) => entry.name === name)?.value || '';

export const eventDefinition = (element, type) => getBusinessObject(element).get?.('eventDefinitions')
  ?.find((definition) => definition.$type === type);

/** Collects changes of one deed and runs them as one step of the undo stack. */
export class Change {
  constructor({ bpmnFactory, commandStack }, element) {
    this.factory = bpmnFactory;
    this.stack = commandStack;
    this.element = element;
    this.commands = [];
  }

  create(type, properties, parent) {
    const created = this.factory.create(type, properties);
    created.$parent = parent;
    return created;
  }

  update(moddleElement, properties) {
    this.commands.push({
      cmd: 'element.updateModdleProperties',
      context: { element: this.element, moddleElement, properties },
    });
    return this;
  }

  /** The extension of `type` below `holder`, made with `properties` when there is none: empty ones are cleaned away. */
  extension(holder, type, properties = {}) {
    let container = holder.get('extensionElements');
    if (!container) {
      container = this.create('bpmn:ExtensionElements', { values: [] }, holder);
      this.update(holder, { extensionElements: container });
    }
    let found = container.get('values').find((value) => value.$type === type);
    if (!found) {
      found = this.create(type, properties, container);
      this.update(container, { values: [...container.get('values'), found] });
    }
    return found;
  }

  run() {
    if (this.commands.length) this.stack.execute('properties-panel.multi-command-executor', this.commands);
  }
}

export function setAttribute(services, element, type, name, value, holder = owner(element)) {
  const current = extension(holder, type)?.get(name) || '';
  if (current === (value || '')) return;
  const change = new Change(services, element);
  const properties = { [name]: value || undefined };
  change.update(change.extension(holder, type, properties), properties).run();
}

export function setProperty(services, element, name, value) {
  if (property(element, name) === (value || '')) return;
  const change = new Change(services, element);
  const container = change.extension(owner(element), 'zeebe:Properties');
  const entries = container.get('properties') || [];
  const old = entries.find((entry) => entry.name === name);
  if (!value) {
    change.update(container, { properties: entries.filter((entry) => entry !== old) });
  } else {
    const fresh = change.create('zeebe:Property', { name, value }, container);
    change.update(container, { properties: old ? entries.map((entry) => (entry === old ? fresh : entry)) : [...entries, fresh] });
  }
  change.run();
}

export function setCondition(services, flow, text) {
  const businessObject = getBusinessObject(flow);
  if ((businessObject.get('conditionExpression')?.get('body') || '') === (text || '')) return;
  const change = new Change(services, flow);
  const expression = text ? change.create('bpmn:FormalExpression', { body: text }, businessObject) : undefined;
  change.update(businessObject, { conditionExpression: expression }).run();
}

export const eventCondition = (element) => eventDefinition(element, 'bpmn:ConditionalEventDefinition')?.get('condition')?.get('body') || '';

export function setEventCondition(services, element, text) {
  const definition = eventDefinition(element, 'bpmn:ConditionalEventDefinition');
  const change = new Change(services, element);
  const expression = text ? change.create('bpmn:FormalExpression', { body: text }, definition) : undefined;
  change.update(definition, { condition: expression }).run();
}

export const defaultFlow = (element) => getBusinessObject(element).get('default')?.id || '';

export function setDefaultFlow(services, element, id) {
  const flow = element.outgoing.find((each) => each.id === id);
  new Change(services, element).update(getBusinessObject(element), { default: flow && getBusinessObject(flow) }).run();
}

const inputs = (element) => extension(owner(element), 'zeebe:IoMapping')?.get('inputParameters') || [];

export const input = (element, name) => inputs(element).find((each) => each.get('target') === name)?.get('source') || '';

export function setInput(services, element, name, value) {
  const change = new Change(services, element);
  const mapping = change.extension(owner(element), 'zeebe:IoMapping');
  const others = (mapping.get('inputParameters') || []).filter((each) => each.get('target') !== name);
  const fresh = value ? [change.create('zeebe:Input', { source: value, target: name }, mapping)] : [];
  change.update(mapping, { inputParameters: [...others, ...fresh] }).run();
}

export const TIMER_KINDS = ['timeDate', 'timeDuration', 'timeCycle'];

export function timer(element) {
  const definition = eventDefinition(element, 'bpmn:TimerEventDefinition');
  const kind = TIMER_KINDS.find((name) => definition?.get(name));
  return { definition, kind: kind || '', value: kind ? definition.get(kind).get('body') || '' : '' };
}

export function setTimer(services, element, kind, value) {
  const { definition } = timer(element);
  const change = new Change(services, element);
  const cleared = Object.fromEntries(TIMER_KINDS.map((name) => [name, undefined]));
  const expression = kind ? change.create('bpmn:FormalExpression', { body: value || '' }, definition) : undefined;
  change.update(definition, kind ? { ...cleared, [kind]: expression } : cleared).run();
}

/** Messages and signals of the diagram by kind ('bpmn:Message' | 'bpmn:Signal' | 'bpmn:Error' | 'bpmn:Escalation'). */
export function rootElements(element, type) {
  let parent = getBusinessObject(element);
  while (parent && parent.$type !== 'bpmn:Definitions') parent = parent.$parent;
  return (parent?.get('rootElements') || []).filter((root) => root.$type === type);
}

const REFERENCES = {
  'bpmn:MessageEventDefinition': ['messageRef', 'bpmn:Message'],
  'bpmn:SignalEventDefinition': ['signalRef', 'bpmn:Signal'],
  'bpmn:ErrorEventDefinition': ['errorRef', 'bpmn:Error'],
  'bpmn:EscalationEventDefinition': ['escalationRef', 'bpmn:Escalation'],
};

/** Where an element refers to a message, signal, error or escalation: its event definition, or a receive task itself. */
export function reference(element) {
  const businessObject = getBusinessObject(element);
  if (is(businessObject, 'bpmn:ReceiveTask')) return { holder: businessObject, attribute: 'messageRef', type: 'bpmn:Message' };
  const definition = businessObject.get?.('eventDefinitions')?.find((each) => REFERENCES[each.$type]);
  if (!definition) return null;
  const [name, type] = REFERENCES[definition.$type];
  return { holder: definition, attribute: name, type };
}

export function setReference(services, element, id) {
  const { holder, attribute: name, type } = reference(element);
  new Change(services, element).update(holder, { [name]: rootElements(element, type).find((root) => root.id === id) }).run();
}

/** Make a new message, signal, error or escalation called `text` and refer to it. */
export function addReference(services, element, text) {
  const { holder, attribute: name, type } = reference(element);
  const change = new Change(services, element);
  let definitions = getBusinessObject(element);
  while (definitions.$type !== 'bpmn:Definitions') definitions = definitions.$parent;
  const attributes = type === 'bpmn:Error' || type === 'bpmn:Escalation'
    ? { name: text, [type === 'bpmn:Error' ? 'errorCode' : 'escalationCode']: text } : { name: text };
  const root = change.create(type, attributes, definitions);
  change.update(definitions, { rootElements: [...definitions.get('rootElements'), root] });
  change.update(holder, { [name]: root }).run();
}
