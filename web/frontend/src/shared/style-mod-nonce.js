// CodeMirror writes <style> elements; hand them the page's nonce so that style-src needs no 'unsafe-inline'.
import { StyleModule } from '../../node_modules/style-mod/src/style-mod.js';
import { styleNonce } from './page.js';

const mount = StyleModule.mount;
StyleModule.mount = (root, modules, options) => mount.call(StyleModule, root, modules, { nonce: styleNonce(), ...options });

export { StyleModule };
