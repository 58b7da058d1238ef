// Only what CityLoop runs is offered: palette, create, append and replace menus without the rest. Hiding is cosmetic;
// the server's check refuses what does not run, wherever it came from.

const REFUSED = [/complex-gateway/, /ad-?hoc/, /parallel-event-based-instantiate/, /exclusive-event-based-gateway/, /remove-template/,
  /parallel-multiple/, /data-store/, /(^|[-.])group$/];

const offered = (entries) => Object.fromEntries(Object.entries(entries).filter(([id]) => !REFUSED.some((pattern) => pattern.test(id))));

class Offer {
  constructor(popupMenu, palette) {
    const last = 1; // a low priority comes after every provider that adds entries
    const provider = { getPopupMenuEntries: () => offered, getPopupMenuHeaderEntries: () => (entries) => headers(entries) };
    for (const menu of ['bpmn-create', 'bpmn-append', 'bpmn-replace']) popupMenu.registerProvider(menu, last, provider);
    palette.registerProvider(last, { getPaletteEntries: () => offered });
  }
}
Offer.$inject = ['popupMenu', 'palette'];

const headers = (entries) => (Array.isArray(entries) ? entries.filter((entry) => entry.id !== 'toggle-adhoc') : offered(entries));

export default { __init__: ['offer'], offer: ['type', Offer] };
