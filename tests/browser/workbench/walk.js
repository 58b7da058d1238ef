// Opens every panel, menu and template of the diagram editor once; answers what failed and which words are missing.
async () => {
  const { workbench, missing } = window.cityloopWorkbench;
  const wait = (ms) => new Promise((r) => setTimeout(r, ms));
  const editor = workbench.current.editor, m = editor.modeler;
  const get = (n) => m.get(n);
  const types = [['bpmn:Task'],['bpmn:UserTask'],['bpmn:ManualTask'],['bpmn:ServiceTask'],['bpmn:SendTask'],['bpmn:ReceiveTask'],['bpmn:ScriptTask'],['bpmn:BusinessRuleTask'],['bpmn:CallActivity'],['bpmn:SubProcess'],['bpmn:Transaction'],
    ['bpmn:ExclusiveGateway'],['bpmn:ParallelGateway'],['bpmn:InclusiveGateway'],['bpmn:EventBasedGateway'],['bpmn:DataObjectReference'],['bpmn:TextAnnotation'],['bpmn:Group']];
  for (const e of ['bpmn:TimerEventDefinition','bpmn:MessageEventDefinition','bpmn:SignalEventDefinition','bpmn:ConditionalEventDefinition','bpmn:LinkEventDefinition']) types.push(['bpmn:IntermediateCatchEvent', e]);
  for (const e of [null,'bpmn:MessageEventDefinition','bpmn:SignalEventDefinition','bpmn:EscalationEventDefinition','bpmn:CompensateEventDefinition','bpmn:LinkEventDefinition']) types.push(['bpmn:IntermediateThrowEvent', e]);
  for (const e of [null,'bpmn:MessageEventDefinition','bpmn:SignalEventDefinition','bpmn:ErrorEventDefinition','bpmn:EscalationEventDefinition','bpmn:TerminateEventDefinition','bpmn:CompensateEventDefinition']) types.push(['bpmn:EndEvent', e]);
  for (const e of [null,'bpmn:TimerEventDefinition','bpmn:MessageEventDefinition','bpmn:SignalEventDefinition','bpmn:ConditionalEventDefinition']) types.push(['bpmn:StartEvent', e]);
  const seen = {};
  const root = get('canvas').getRootElement();
  const parent = get('elementRegistry').find((e) => e.type === 'bpmn:Participant') || root;
  const panel = async (el) => {
    document.activeElement?.blur();
    get('selection').select(el); await wait(120);
    for (const h of editor.panelPlace.querySelectorAll('.bio-properties-panel-group-header:not(.open)')) h.click();
    await wait(60);
    for (const b of editor.panelPlace.querySelectorAll('.bio-properties-panel-add-entry')) { b.click(); }
    await wait(60);
    for (const h of editor.panelPlace.querySelectorAll('.bio-properties-panel-collapsible-entry-header:not(.open)')) h.click();
    await wait(30);
  };
  const menu = async (el, name) => {
    get('popupMenu').open(el, name, { x: 400, y: 300 }); await wait(90);
    get('popupMenu').close(); await wait(10);
  };
  await panel(root); if (parent !== root) await panel(parent);
  let x = 100;
  for (const [type, ev] of types) {
    let shape;
    try { shape = get('modeling').createShape(get('elementFactory').createShape({ type, ...(ev ? { eventDefinitionType: ev } : {}) }), { x: x += 40, y: 2000 }, parent); } catch (error) { seen[type + (ev || '')] = String(error); continue; }
    await panel(shape);
    get('contextPad').open(shape); await wait(30);
    await menu(shape, 'bpmn-replace');
    if (/Task|Gateway|Throw|Catch|Start/.test(type)) await menu(shape, 'bpmn-append');
    if (type === 'bpmn:UserTask') {
      for (const e of ['Timer','Message','Signal','Error','Escalation','Conditional','Compensate']) {
        const b = get('modeling').createShape(get('elementFactory').createShape({ type: 'bpmn:BoundaryEvent', eventDefinitionType: `bpmn:${e}EventDefinition` }), { x: shape.x + 10 * e.length, y: shape.y + 80 }, shape, { attach: true });
        await panel(b); await menu(b, 'bpmn-replace');
      }
    }
  }
  await menu(root, 'bpmn-create');
  // The expression's own window, an expression that cannot be read, and the completion of names.
  const person = get('elementRegistry').find((e) => e.type === 'bpmn:UserTask');
  for (const value of ['= case.', '= 1 + = 2', '4 工作时']) {
    await panel(person);
    const write = editor.panelPlace.querySelector('[data-entry-id="cl-limit"] .cm-content, [data-entry-id="cl-limit"] input');
    if (write?.matches('input')) { write.value = value; write.dispatchEvent(new Event('input', { bubbles: true })); } else if (write) { write.focus(); document.execCommand('insertText', false, value); }
    await wait(700);
    editor.panelPlace.querySelector('[data-entry-id="cl-limit"] .bio-properties-panel-open-feel-popup')?.click(); await wait(300);
    document.querySelector('.bio-properties-panel-feel-popup .bio-properties-panel-popup__close, .bio-properties-panel-popup button')?.click(); await wait(100);
  }
  for (const f of get('elementRegistry').filter((e) => e.type === 'bpmn:SequenceFlow').slice(0, 12)) { await panel(f); await menu(f, 'bpmn-replace'); }
  const templates = get('elementTemplates').getLatest();
  for (const t of templates) {
    const s = get('modeling').createShape(get('elementFactory').createShape({ type: 'bpmn:ServiceTask' }), { x: x += 40, y: 2200 }, parent);
    const made = get('elementTemplates').applyTemplate(s, t); await panel(made || s);
  }
  // The table view with every menu of every row filled.
  editor.toggleTable(true); await wait(200);
  for (const control of editor.tablePlace.querySelectorAll('select')) control.dispatchEvent(new Event('focus'));
  const english = [...editor.tablePlace.querySelectorAll('option, button, legend, th, .small:not(.font-monospace)')].map((e) => e.textContent.trim())
    .filter((text) => /^[A-Z][a-z]+([ -][A-Za-z]+)*$/.test(text));
  editor.toggleTable(false);
  get('selection').select(null); // its pad may lie over the canvas's own buttons
  return [seen, [...new Set([...missing, ...english])]];
}
