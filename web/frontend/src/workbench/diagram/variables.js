// What an expression may read besides the process' own variables: the case, the emergency, fields of the forms.
import VariableProvider from '@bpmn-io/variable-resolver/lib/VariableProvider';
import { is } from 'bpmn-js/lib/util/ModelUtil';

class HouseVariables extends VariableProvider {
  constructor(variableResolver, workbench) {
    super(variableResolver);
    this.workbench = workbench;
  }

  getVariables(element) {
    return is(element, 'bpmn:Process') ? this.workbench.variables() : undefined;
  }
}
HouseVariables.$inject = ['variableResolver', 'workbench'];

export default { __init__: ['houseVariables'], houseVariables: ['type', HouseVariables] };
