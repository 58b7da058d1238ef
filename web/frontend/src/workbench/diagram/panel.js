// The properties panel as CityLoop needs it: the zeebe groups without what does not run, and our settings as groups with
// choice lists instead of free text, each list with "open" and "new" beside it.
import { FeelEntry, FeelTextAreaEntry, Group, SelectEntry, TextFieldEntry, isFeelEntryEdited, isSelectEntryEdited, isTextFieldEntryEdited } from '@bpmn-io/properties-panel';
import { useEffect, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { jsx, jsxs } from '@bpmn-io/properties-panel/preact/jsx-runtime';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
import { FIELDS, GROUPS, fieldsOf, isWorker, offers } from './fields.js';
import { addReference, reference } from './settings.js';

const HIDDEN_GROUPS = new Set([
  'Zeebe__ExecutionListeners', 'Zeebe__TaskListeners', 'Zeebe__ExtensionProperties', 'userTaskImplementation', 'businessRuleImplementation',
  'scriptImplementation', 'adHocSubProcessImplementation', 'activeElements', 'adHocCompletion',
  // Ours say the same with choice lists.
  'calledDecision', 'calledElement', 'form', 'condition', 'script', 'taskDefinition', 'timer', 'message', 'signal', 'error', 'escalation',
]);
const HIDDEN_ENTRIES = new Set(['bindingType', 'formType', 'customFormKey', 'formConfiguration', 'externalReference', 'assignmentDefinitionCandidateGroups', 'isExecutable', 'condition']);
const CODE = /^[a-z][a-z0-9_]{0,63}$/;
const OPEN = new Set(['assignmentDefinition', 'multiInstance']);

const services = () => ({ bpmnFactory: useService('bpmnFactory'), commandStack: useService('commandStack') });

function useVariables(element) {
  const resolver = useService('variableResolver');
  const [variables, setVariables] = useState([]);
  useEffect(() => {
    let current = true;
    resolver.getVariablesForElement(getBusinessObject(element), element).then((found) => {
      if (current) setVariables(found.map((each) => ({ ...each, info: each.info || undefined })));
    });
    return () => { current = false; };
  }, [element]);
  return variables;
}

function options(field, element, translate, config) {
  const value = field.get(element);
  const choices = field.choices(config, element).map(({ value: each, label, translate: own }) => ({ value: each, label: own ? translate(label) : label }));
  const known = [{ value: '', label: translate('<none>') }, ...offers(field, value, choices)];
  if (field.feel && !value.startsWith('=')) known.push({ value: '=', label: translate('Expression …') });
  return known;
}

/** A choice list; an expression in it turns it into the expression editor. */
function Choice({ element, field }) {
  const parts = services();
  const translate = useService('translate');
  const elementRegistry = useService('elementRegistry');
  const debounce = useService('debounceInput');
  const workbench = useService('workbench');
  const config = { choices: () => workbench.choices(), elementRegistry };
  const variables = useVariables(element);
  const value = field.get(element);
  const set = (next) => field.set(parts, element, next);
  if (field.feel && value.startsWith('=')) {
    return jsx(FeelEntry, { element, id: field.id, label: translate(field.label), feel: 'optional', debounce, variables, getValue: () => value, setValue: set, translate });
  }
  const buttons = [];
  if (field.opens && value) {
    buttons.push(jsx('button', { type: 'button', class: 'cl-panel-button', onClick: () => workbench.open(field.opens, value), children: translate('Open') }));
  }
  if (field.opens) {
    buttons.push(jsx('button', { type: 'button', class: 'cl-panel-button', onClick: () => workbench.create(field.opens, (name) => set(name)), children: translate('New') }));
  }
  if (field.coins) {
    buttons.push(jsx('button', { type: 'button', class: 'cl-panel-button', onClick: () => workbench.ask(translate(field.coins), set, CODE), children: translate('New') }));
  }
  if (field.adds) {
    buttons.push(jsx('button', { type: 'button', class: 'cl-panel-button', onClick: () => workbench.ask(translate('Name'), (name) => addReference(parts, element, name)), children: translate('New') }));
  }
  return jsxs('div', { children: [
    jsx(SelectEntry, { element, id: field.id, label: translate(field.label), getValue: () => value, setValue: set, getOptions: () => options(field, element, translate, config) }),
    buttons.length ? jsx('div', { class: 'cl-panel-buttons', children: buttons }) : null,
  ] });
}

function Text({ element, field }) {
  const parts = services();
  const translate = useService('translate');
  const debounce = useService('debounceInput');
  const variables = useVariables(element);
  const common = {
    element, id: field.id, label: translate(field.label), debounce, translate, description: field.hint && translate(field.hint),
    getValue: () => field.get(element), setValue: (value) => field.set(parts, element, value),
  };
  if (!field.feel) return jsx(TextFieldEntry, common);
  const required = field.id === 'cl-condition' || field.id === 'cl-script' || field.id === 'cl-correlation';
  return jsx(field.lines ? FeelTextAreaEntry : FeelEntry, { ...common, feel: required ? 'required' : 'optional', variables });
}

// One component per field for good: a fresh one for every change would lose the cursor of whoever is typing.
const components = new Map(FIELDS.map((field) => [field.id, ({ element }) => jsx(field.choices ? Choice : Text, { element, field })]));

const entry = (field) => ({
  id: field.id,
  component: components.get(field.id),
  isEdited: field.choices ? isSelectEntryEdited : field.feel ? isFeelEntryEdited : isTextFieldEntryEdited,
});

const CODES = { 'bpmn:Error': 'errorCode', 'bpmn:Escalation': 'escalationCode' };

/** Code of an error or escalation, under the choice of it. */
function codeEntry(element) {
  const refers = reference(element);
  const root = refers?.holder.get(refers.attribute);
  if (!root || !CODES[refers.type]) return [];
  return [{
    id: 'cl-code',
    component: Code,
    isEdited: isTextFieldEntryEdited,
  }];
}

function Code({ element }) {
  const { commandStack } = services();
  const { holder, attribute, type } = reference(element);
  const root = holder.get(attribute);
  const name = CODES[type];
  return jsx(TextFieldEntry, {
    element, id: 'cl-code', label: useService('translate')('Code'), debounce: useService('debounceInput'), getValue: () => root?.get(name),
    setValue: (value) => commandStack.execute('element.updateModdleProperties', { element, moddleElement: root, properties: { [name]: value } }),
  });
}

class PanelProvider {
  constructor(propertiesPanel, translate) {
    this.translate = translate;
    propertiesPanel.registerProvider(200, this); // after zeebe (500) and element templates (300)
  }

  getGroups(element) {
    return (groups) => {
      const templated = groups.some((group) => group.id.startsWith('ElementTemplates__'))
        && getBusinessObject(element).get('zeebe:modelerTemplate');
      const kept = groups.filter((group) => !HIDDEN_GROUPS.has(group.id) && (group.id !== 'headers' || isWorker(element))).map((group) => this.trim(group));
      const own = this.own(element, templated ? new Set(['connector']) : new Set());
      const general = kept.findIndex((group) => group.id === 'general');
      kept.splice(general + 1, 0, ...own);
      return kept.filter((group) => group.id.startsWith('ElementTemplates__') || !group.entries || group.entries.length);
    };
  }

  trim(group) {
    if (!group.entries) return group;
    const process = (entryId) => entryId === 'versionTag';
    const entries = group.entries.filter((each) => !HIDDEN_ENTRIES.has(each.id) || process(each.id));
    return { ...group, entries, shouldOpen: OPEN.has(group.id) || group.shouldOpen };
  }

  own(element, without) {
    const fields = fieldsOf(element);
    return Object.entries(GROUPS).filter(([id]) => !without.has(id)).map(([id, label]) => {
      const entries = fields.filter((field) => field.group === id).map(entry);
      if (id === 'message' && entries.length) entries.splice(1, 0, ...codeEntry(element));
      return { id: `cl-${id}`, label: this.translate(label), entries, component: Group, shouldOpen: true };
    }).filter((group) => group.entries.length);
  }
}
PanelProvider.$inject = ['propertiesPanel', 'translate'];

export default { __init__: ['cityloopPanel'], cityloopPanel: ['type', PanelProvider] };
