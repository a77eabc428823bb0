// All that a reader would stumble over on this page, as sentences. Everything is opened first.
(() => {
  const faults = new Set();
  document.querySelectorAll("details").forEach((each) => (each.open = true));

  // Colours as [red, green, blue, alpha], all 0 to 1.
  const parse = (text) => {
    const numbers = (text.match(/[\d.]+(e-?\d+)?%?/g) || []).map(parseFloat);
    const alpha = numbers.length > 3 ? numbers[3] : 1;
    const scale = text.startsWith("color(") ? 1 : 255;
    return [...numbers.slice(0, 3).map((value) => value / scale), alpha];
  };
  const over = (top, below) => top.slice(0, 3).map((value, n) => value * top[3] + below[n] * (1 - top[3]));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.push(parse(getComputedStyle(each).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [1, 1, 1]);
  };
  const opacity = (element) => {
    let product = 1;
    for (let each = element; each; each = each.parentElement) product *= parseFloat(getComputedStyle(each).opacity);
    return product;
  };
  const contrast = (element) => {
    const style = getComputedStyle(element), behind = background(element);
    const colour = parse(element instanceof SVGElement ? style.fill : style.color);
    colour[3] *= opacity(element);
    const [low, high] = [luminance(over(colour, behind)), luminance(behind)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth) faults.add(`the page is ${wide} px wide, of ${innerWidth}`);
  document.querySelectorAll(".scroll").forEach((frame) => {
    const style = getComputedStyle(frame);
    if (frame.scrollWidth > frame.clientWidth && !(style.backgroundAttachment.includes("local") && frame.tabIndex === 0))
      faults.add(`no cue that ${frame.getAttribute("aria-label")} goes on`);
  });

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement, said = node.textContent.trim().slice(0, 40);
    const range = document.createRange();
    range.selectNodeContents(node);
    const place = range.getBoundingClientRect();
    if (!said || !place.width || element.tagName === "title") continue;
    const found = contrast(element);
    if (found < 4.5) faults.add(`contrast ${found.toFixed(2)}: ${said}`);
    const frame = element.closest(".scroll");
    if (!frame && (place.right > innerWidth + 1 || place.left < -1)) faults.add(`cut off: ${said}`);
    const section = element.closest("section");
    if (section && !frame && place.right > section.getBoundingClientRect().right + 1) faults.add(`sticks out: ${said}`);
    if (!(element instanceof SVGElement)) continue;
    const drawing = element.ownerSVGElement, edge = drawing.getBoundingClientRect();
    const size = parseFloat(getComputedStyle(element).fontSize) * drawing.getScreenCTM().a;
    if (size < 9) faults.add(`${size.toFixed(1)} px high: ${said}`);
    const box = element.closest("g")?.querySelector("rect.box")?.getBoundingClientRect() ?? edge;
    if (place.left < box.left - 1 || place.right > box.right + 1 || place.top < edge.top - 1 || place.bottom > edge.bottom + 1)
      faults.add(`cut off in its drawing: ${said}`);
  }
  document.querySelectorAll("svg.graph").forEach((drawing) => {
    const frame = drawing.closest(".scroll");
    if (innerWidth >= 1600 && frame.scrollWidth > frame.clientWidth) faults.add("a drawing is wider than a wide screen");
  });
  document.querySelectorAll("body *").forEach((each) => {
    const style = getComputedStyle(each);
    if (["hidden", "clip"].includes(style.overflowX) && each.scrollWidth > each.clientWidth + 1 && !(each instanceof SVGElement))
      faults.add(`hidden: ${each.textContent.trim().slice(0, 40)}`);
  });
  return [...faults];
})();
