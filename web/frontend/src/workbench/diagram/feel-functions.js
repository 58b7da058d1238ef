// Stands in for @camunda/feel-builtins: the properties panel hard-codes that list. Ours are the standard functions and
// the house's own, as the server names them.
import { feelBuiltins } from '../../../node_modules/@camunda/feel-builtins/dist/index.js';
import { pageData } from '../../shared/page.js';

const own = (pageData('workbench')?.functions || []).map(({ name, params, info }) => ({
  name,
  type: 'function',
  params: params.map((param) => ({ name: param })),
  info,
}));

export { feelBuiltins };
export const camundaExtensions = own;
export const camundaBuiltins = [...own, ...feelBuiltins];
export const camundaReservedNameBuiltins = [];
