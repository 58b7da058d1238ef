// Selects one element of every kind and answers which settings the properties panel has that the table view lacks.
async () => {
  const { editor } = window.cityloopWorkbench.workbench.current, modeler = editor.modeler, get = (name) => modeler.get(name);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  // The panel's own names for what the table calls otherwise; lists of two columns are one field of the table.
  const SAME = {
    assignmentDefinitionAssignee: 'assignee', assignmentDefinitionCandidateUsers: 'candidateUsers', taskScheduleDueDate: 'dueDate',
    taskScheduleFollowUpDate: 'followUpDate', priorityDefinitionPriority: 'priority', 'multiInstance-inputCollection': 'inputCollection',
    'multiInstance-inputElement': 'inputElement', 'multiInstance-outputCollection': 'outputCollection', 'multiInstance-outputElement': 'outputElement',
    'multiInstance-completionCondition': 'completionCondition', 'cl-code': 'code', processDocumentation: 'documentation', processId: 'id',
    'variableEvents-create': 'variableEvents', 'variableEvents-update': 'variableEvents',
  };
  const event = (type, kind) => [type, kind && `bpmn:${kind}EventDefinition`];
  const kinds = [...['User', 'Service', 'Send', 'Receive', 'Script', 'BusinessRule', 'Manual'].map((name) => event(`bpmn:${name}Task`)),
    ...['CallActivity', 'SubProcess', 'Transaction', 'ExclusiveGateway', 'ParallelGateway', 'InclusiveGateway', 'EventBasedGateway', 'DataObjectReference', 'TextAnnotation'].map((name) => event(`bpmn:${name}`)),
    ...['Timer', 'Message', 'Signal', 'Conditional', 'Link'].map((kind) => event('bpmn:IntermediateCatchEvent', kind)),
    ...['Message', 'Signal', 'Escalation', 'Compensate', 'Link'].map((kind) => event('bpmn:IntermediateThrowEvent', kind)),
    ...['Message', 'Signal', 'Error', 'Escalation', 'Terminate', 'Compensate'].map((kind) => event('bpmn:EndEvent', kind)),
    ...['Message', 'Signal', 'Timer', 'Conditional'].map((kind) => event('bpmn:StartEvent', kind))];
  const root = get('canvas').getRootElement();
  const made = kinds.map(([type, eventDefinitionType], place) => get('modeling').createShape(get('elementFactory').createShape({ type, eventDefinitionType }), { x: 300 + 150 * (place % 8), y: 500 + 140 * Math.floor(place / 8) }, root));
  const task = made[0];
  for (const kind of ['Timer', 'Message', 'Signal', 'Error', 'Escalation', 'Conditional', 'Compensate']) {
    made.push(get('modeling').createShape(get('elementFactory').createShape({ type: 'bpmn:BoundaryEvent', eventDefinitionType: `bpmn:${kind}EventDefinition` }), { x: task.x + 12 * made.length % 90, y: task.y + 80 }, task, { attach: true }));
  }
  get('modeling').updateProperties(made[1], { loopCharacteristics: get('bpmnFactory').create('bpmn:MultiInstanceLoopCharacteristics') });
  made.push(get('modeling').connect(made.find((each) => each.type === 'bpmn:ExclusiveGateway'), made[1]), root);
  editor.table.refresh();
  const lacking = {};
  for (const each of made) {
    document.activeElement?.blur();
    get('selection').select(each); await wait(80);
    for (const header of editor.panelPlace.querySelectorAll('.bio-properties-panel-group-header:not(.open)')) header.click();
    await wait(40);
    const shown = [...editor.panelPlace.querySelectorAll('[data-entry-id]')].map((entry) => entry.dataset.entryId);
    const lists = [...editor.panelPlace.querySelectorAll('[data-group-id]')].map((group) => group.dataset.groupId.replace('group-', '')).filter((id) => ['inputs', 'outputs', 'headers'].includes(id));
    const row = editor.tablePlace.querySelector(`[data-element="${CSS.escape(each.id)}"]`);
    const fields = [...(row?.querySelectorAll('[data-field]') || [])].map((field) => field.dataset.field.split('/')[1]);
    const pairs = row?.querySelectorAll('.cl-table-pairs').length || 0;
    const missing = shown.map((id) => (id === 'name' && each.type === 'bpmn:TextAnnotation' ? 'text' : SAME[id] || id)).filter((id) => !fields.includes(id));
    if (missing.length || lists.length > pairs) lacking[each.type + (each.businessObject.eventDefinitions?.[0]?.$type || '')] = [...missing, ...(lists.length > pairs ? lists : [])];
  }
  return lacking;
}
