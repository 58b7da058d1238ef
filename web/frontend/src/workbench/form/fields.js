// Components form-js does not have: map point, photo, file, signature, person, organisation, code table. In the editor each
// is a labelled box with its settings; what the clerk gets is rendered by the server.
import { Description, Label } from '@bpmn-io/form-js-viewer';
import { h } from 'preact';
import { say } from '../words/index.js';

const ICON = {
  point: 'M12 2a7 7 0 0 0-7 7c0 5 7 13 7 13s7-8 7-13a7 7 0 0 0-7-7zm0 9.5A2.5 2.5 0 1 1 12 6.5a2.5 2.5 0 0 1 0 5z',
  photo: 'M9 4 7.5 6H4v14h16V6h-3.500L15 4zM12 9a4 4 0 1 1 0 8 4 4 0 0 1 0-8z',
  file: 'M6 2h8l5 5v15H6zm8 1.500V8h4.500z',
  signature: 'M3 17c3-8 6-12 8-12 3 0-3 10 0 10s3-4 5-4 0 4 5 4v2H3z',
  person: 'M12 3a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM4 21c0-5 4-7 8-7s8 2 8 7z',
  organisation: 'M4 21V4h10v5h6v12zm3-13v2h4V8zm0 4v2h4v-2zm0 4v2h4v-2zm9-4v2h2v-2zm0 4v2h2v-2z',
  codeTable: 'M3 5h18v14H3zm2 4v2h4V9zm6 0v2h8V9zm-6 4v2h4v-2zm6 0v2h8v-2z',
};
const NAMES = {
  point: 'Map point', photo: 'Photo', file: 'File', signature: 'Signature', person: 'Person', organisation: 'Organisation', codeTable: 'Code table',
};

function field(type) {
  const Icon = () => h('svg', { width: 54, height: 54, viewBox: '-6 -6 36 36' }, h('path', { d: ICON[type], fill: 'currentColor' }));
  function Field({ field: settings, domId }) {
    return h('div', { class: `fjs-form-field fjs-form-field-${type}` },
      h(Label, { htmlFor: domId, label: settings.label, required: settings.validate?.required }),
      h('div', { class: 'cl-form-box', id: domId }, say(NAMES[type])),
      h(Description, { description: settings.description }));
  }
  Field.config = {
    type,
    keyed: true,
    name: say(NAMES[type]),
    label: say(NAMES[type]),
    group: ['person', 'organisation', 'codeTable'].includes(type) ? 'selection' : 'basic-input',
    icon: Icon,
    emptyValue: null,
    sanitizeValue: ({ value }) => value ?? null,
    create: (options = {}) => ({ label: say(NAMES[type]), ...options }),
  };
  return Field;
}

class OwnFields {
  constructor(formFields) {
    for (const type of Object.keys(NAMES)) formFields.register(type, field(type));
  }
}
OwnFields.$inject = ['formFields'];

export default { __init__: ['ownFields'], ownFields: ['type', OwnFields] };
