// What BPMN calls its elements, in the reader's language. The workbench, the viewer and the table view use the same words.
import { language } from './page.js';

const TYPES = {
  'bpmn:Process': ['流程', 'Process'],
  'bpmn:Collaboration': ['协作图', 'Collaboration'],
  'bpmn:Participant': ['泳池', 'Pool'],
  'bpmn:Lane': ['泳道', 'Lane'],
  'bpmn:Task': ['任务', 'Task'],
  'bpmn:UserTask': ['人工任务', 'User task'],
  'bpmn:ManualTask': ['手工任务', 'Manual task'],
  'bpmn:ServiceTask': ['服务任务', 'Service task'],
  'bpmn:SendTask': ['发送任务', 'Send task'],
  'bpmn:ReceiveTask': ['接收任务', 'Receive task'],
  'bpmn:ScriptTask': ['脚本任务', 'Script task'],
  'bpmn:BusinessRuleTask': ['决策任务', 'Business rule task'],
  'bpmn:CallActivity': ['调用流程', 'Call activity'],
  'bpmn:SubProcess': ['子流程', 'Subprocess'],
  'bpmn:Transaction': ['事务', 'Transaction'],
  'bpmn:ExclusiveGateway': ['排他网关', 'Exclusive gateway'],
  'bpmn:ParallelGateway': ['并行网关', 'Parallel gateway'],
  'bpmn:InclusiveGateway': ['包容网关', 'Inclusive gateway'],
  'bpmn:EventBasedGateway': ['事件网关', 'Event-based gateway'],
  'bpmn:StartEvent': ['开始事件', 'Start event'],
  'bpmn:EndEvent': ['结束事件', 'End event'],
  'bpmn:IntermediateCatchEvent': ['等待事件', 'Catch event'],
  'bpmn:IntermediateThrowEvent': ['触发事件', 'Throw event'],
  'bpmn:BoundaryEvent': ['边界事件', 'Boundary event'],
  'bpmn:SequenceFlow': ['顺序流', 'Sequence flow'],
  'bpmn:MessageFlow': ['消息流', 'Message flow'],
  'bpmn:Association': ['关联', 'Association'],
  'bpmn:TextAnnotation': ['注释', 'Annotation'],
  'bpmn:DataObjectReference': ['数据对象', 'Data object'],
  'bpmn:DataStoreReference': ['数据存储', 'Data store'],
  'bpmn:Group': ['分组', 'Group'],
};

const EVENTS = {
  'bpmn:TimerEventDefinition': ['定时', 'timer'],
  'bpmn:MessageEventDefinition': ['消息', 'message'],
  'bpmn:SignalEventDefinition': ['信号', 'signal'],
  'bpmn:ErrorEventDefinition': ['错误', 'error'],
  'bpmn:EscalationEventDefinition': ['升级', 'escalation'],
  'bpmn:ConditionalEventDefinition': ['条件', 'conditional'],
  'bpmn:CompensateEventDefinition': ['补偿', 'compensation'],
  'bpmn:CancelEventDefinition': ['取消', 'cancel'],
  'bpmn:TerminateEventDefinition': ['终止', 'terminate'],
  'bpmn:LinkEventDefinition': ['链接', 'link'],
};

/** '定时边界事件' / 'Boundary event (timer)' for a business object. */
export function typeName(businessObject) {
  const chinese = language() === 'zh';
  const pick = (pair, fallback) => (pair ? pair[chinese ? 0 : 1] : fallback);
  const base = pick(TYPES[businessObject.$type], businessObject.$type.replace('bpmn:', ''));
  const definition = businessObject.eventDefinitions?.[0];
  if (!definition) return base;
  const event = pick(EVENTS[definition.$type], definition.$type.replace('bpmn:', ''));
  return chinese ? `${event}${base}` : `${base} (${event})`;
}
