export { camundaBuiltins, camundaExtensions, camundaReservedNameBuiltins, feelBuiltins } from '../../node_modules/@camunda/feel-builtins/dist/index.js';
