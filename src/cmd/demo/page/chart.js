// A line chart on a canvas: values over positions, from zero, with a few round ticks and their units.
export class Chart {
  // `options`: height in px, unit of the values, unit of the positions, dots (mark each value).
  constructor(box, options) {
    this.box = box;
    this.options = options;
    this.canvas = document.createElement('canvas');
    this.canvas.style.cssText = `display:block;width:100%;height:${options.height}px`;
    this.positions = this.values = [];
    box.replaceChildren(this.canvas);
    new ResizeObserver(() => this.draw()).observe(box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  show(positions, values) {
    this.positions = positions;
    this.values = values;
    this.draw();
  }

  draw() {
    const {canvas, positions, values} = this, scale = devicePixelRatio || 1;
    const width = this.box.clientWidth, height = this.options.height;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext('2d'), style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(name).trim();
    const area = {left: 60, right: width - 10, top: 8, bottom: height - 24};
    const [first, last] = values.length ? [positions[0], positions[positions.length - 1]] : [0, 1];
    const top = Math.max(1, 1.15 * Math.max(0, ...values));
    const x = at => area.left + (area.right - area.left) * (at - first) / Math.max(1, last - first);
    const y = value => area.bottom - (area.bottom - area.top) * value / top;

    pen.scale(scale, scale);
    pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
    pen.fillStyle = colour('--soft');
    pen.strokeStyle = colour('--line');
    for (const value of ticks(0, top, 4)) {
      line(pen, [[area.left, y(value)], [area.right, y(value)]]);
      label(pen, value + ' ' + this.options.unit, area.left - 6, y(value) + 4, 'right');
    }
    for (const at of values.length ? ticks(first, last, 8) : []) label(pen, at + this.options.positionUnit, x(at), height - 6, 'center');

    pen.strokeStyle = pen.fillStyle = colour('--accent');
    pen.lineWidth = 2;
    const points = values.map((value, index) => [x(positions[index]), y(value)]);
    line(pen, points);
    if (this.options.dots) for (const [left, up] of points) dot(pen, left, up);
  }
}

// Round numbers (1, 2 or 5 times a power of ten) from `low` to `high`, about `count` of them.
function ticks(low, high, count) {
  const rough = Math.max(1, (high - low) / count), power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(factor => factor * power >= rough);
  const all = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) all.push(at);
  return all;
}

function line(pen, points) {
  pen.beginPath();
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
}

function dot(pen, x, y) {
  pen.beginPath();
  pen.arc(x, y, 2.5, 0, 2 * Math.PI);
  pen.fill();
}

function label(pen, text, x, y, align) {
  pen.textAlign = align;
  pen.fillText(text, x, y);
}
