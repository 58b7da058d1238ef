// Draws diagrams as SVG for the printed catalogue (`cityloop catalogue`): window.drawSvg(xml) answers the SVG's text.
import Viewer from 'bpmn-js/lib/Viewer';
import zeebeModdle from 'zeebe-bpmn-moddle/resources/zeebe.json';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';

window.drawSvg = async (xml) => {
  const place = document.createElement('div');
  place.style.cssText = 'width: 2000px; height: 1200px';
  document.body.append(place);
  const viewer = new Viewer({ container: place, moddleExtensions: { zeebe: zeebeModdle } });
  try {
    await viewer.importXML(xml);
    return (await viewer.saveSVG()).svg;
  } finally {
    viewer.destroy();
    place.remove();
  }
};
document.body.dataset.ready = 'true';
