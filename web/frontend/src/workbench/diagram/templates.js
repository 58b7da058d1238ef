// Element templates made from the server's list of connectors: what each takes and gives is a form, not free text.

const SCHEMA = 'https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json';

export function connectorTemplates(connectors, words) {
  return connectors.map((connector) => ({
    $schema: SCHEMA,
    id: `cityloop.${connector.type}`,
    name: connector.label,
    version: 1,
    description: connector.description,
    category: { id: 'cityloop.connectors', name: words('Connectors') },
    appliesTo: ['bpmn:Task', 'bpmn:ServiceTask'],
    elementType: { value: 'bpmn:ServiceTask' },
    groups: [
      { id: 'in', label: words('Inputs') },
      { id: 'out', label: words('Outputs') },
    ],
    entriesVisible: true,
    properties: [
      { type: 'Hidden', value: connector.type, binding: { type: 'zeebe:taskDefinition', property: 'type' } },
      ...connector.inputs.map(inputProperty),
      ...connector.outputs.map(outputProperty),
    ],
  }));
}

function inputProperty(input) {
  const choices = input.choices?.length ? { type: 'Dropdown', choices: input.choices.map(({ value, label }) => ({ name: label, value })) }
    : { type: 'String', feel: 'optional' };
  return {
    ...choices,
    label: input.label,
    description: input.description || undefined,
    group: 'in',
    optional: !input.required || undefined,
    binding: { type: 'zeebe:input', name: input.name },
    ...(input.required ? { constraints: { notEmpty: true } } : {}),
    ...(input.default !== undefined ? { value: input.default } : {}),
  };
}

const outputProperty = (output) => ({
  type: 'String',
  label: output.label,
  group: 'out',
  optional: true,
  binding: { type: 'zeebe:output', source: `=${output.name}` },
});
