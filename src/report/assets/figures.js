// Draws the figures of the page and saves them. Every text goes to the chart library as text (its
// tool tips in 'richText' mode), never as markup.
(() => {
  const report = JSON.parse(document.getElementById('report-data').textContent);
  // No double quotes: the library puts this into an attribute as it is.
  const sans = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif";
  const size = 12;

  // ---- helpers -------------------------------------------------------------------------------
  const names = ['ground', 'ink', 'soft', 'hair', 'accent', 'right', 'wrong', 'unknown', 'band',
    'heat-low', 'heat-mid', 'heat-high', 'series-1', 'series-2', 'series-3', 'series-4', 'series-5',
    'series-6'];
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(names.map((n) => [n, style.getPropertyValue('--' + n).trim()]));
  };
  /** The colours of the light page whatever the page shows now: saved figures go into papers. */
  const lightColours = () => {
    const root = document.documentElement;
    const now = root.dataset.theme;
    root.dataset.theme = 'light';
    const result = colours();
    root.dataset.theme = now;
    return result;
  };
  const fixed = (x, digits) => (x === null || x === undefined ? '–' : x.toFixed(digits));
  const sum = (xs) => xs.reduce((a, b) => a + b, 0);
  const ruler = document.createElement('canvas').getContext('2d');
  const textWidth = (text) => {
    ruler.font = `${size}px ${sans}`;
    return ruler.measureText(text).width;
  };
  const longestWord = (list) =>
    Math.max(...list.flatMap((n) => n.split(/\s+/)).map(textWidth));
  /** `text` in lines of at most `width`, cut at blanks only. */
  const wrapped = (text, width) => {
    const lines = [];
    for (const word of text.split(/\s+/)) {
      const longer = lines.length > 0 ? lines[lines.length - 1] + ' ' + word : word;
      if (lines.length > 0 && textWidth(longer) <= width) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines.join('\n');
  };

  const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  /** Colour of the fraction `f` on the matrices' scale, as the chart library mixes it. */
  const heat = (c, f) => {
    const [from, to, t] = f < 0.5 ? ['heat-low', 'heat-mid', 2 * f] : ['heat-mid', 'heat-high', 2 * f - 1];
    const a = channels(c[from]);
    const b = channels(c[to]);
    return a.map((x, i) => x + t * (b[i] - x));
  };
  /** Black or white, whichever stands out more (relative luminance of WCAG 2). */
  const inkOn = (rgb) => {
    const [r, g, b] = rgb.map((x) => x / 255)
      .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? '#000000' : '#ffffff';
  };

  const base = (c) => ({
    animation: false,
    backgroundColor: 'transparent',
    textStyle: {fontFamily: sans, fontSize: size, color: c.ink},
    tooltip: {
      renderMode: 'richText', backgroundColor: c.ground, borderColor: c.soft, borderWidth: 1,
      padding: [6, 9], textStyle: {color: c.ink, fontFamily: sans, fontSize: size}, confine: true,
    },
  });
  const axis = (c, name, extra) => Object.assign({
    type: 'value', name, nameLocation: 'middle', min: 0, max: 1, interval: 0.2,
    nameTextStyle: {color: c.ink, fontFamily: sans, fontSize: size},
    axisLine: {show: true, lineStyle: {color: c.soft}},
    axisTick: {show: true, lineStyle: {color: c.soft}},
    axisLabel: {color: c.soft, fontSize: size, formatter: (v) => v.toFixed(1)},
    splitLine: {show: false},
  }, extra);
  const diagonal = (c, name) => ({
    name, type: 'line', data: [[0, 0], [1, 1]], symbol: 'none', silent: true, tooltip: {show: false},
    lineStyle: {color: c.soft, type: [2, 4], width: 1.2}, itemStyle: {color: c.soft}, z: 1,
  });

  // ---- the figures: (colours, width, element's data) -> {option, height} -----------------------
  let truthOnX = true;

  const matrix = (c, width, set) => {
    const group = report.confusion[Number(set.group)];
    const classes = group.classes;
    const n = classes.length;
    const byTruth = group.counts.map(sum);
    const byLabel = classes.map((_, p) => sum(group.counts.map((row) => row[p])));
    const share = (t, p) => {
      const whole = set.norm === 'precision' ? byLabel[p] : byTruth[t];
      return whole > 0 ? group.counts[t][p] / whole : null;
    };
    const crowded = n > 12;
    const label = n > 8 ? Math.max(...classes.map(textWidth)) + 4 : longestWord(classes);
    const word = longestWord(classes);
    const left = Math.min(Math.max(label + 44, 74), 160);
    const free = width - left - 12;
    const cell = Math.max(crowded ? 30 : 44, Math.min(free / n, n <= 4 ? 104 : 84));
    const slanted = n > 8 || word > cell - 4;
    const lines = Math.max(...classes.map((name) => wrapped(name, cell - 4).split('\n').length));
    const slant = Math.min(Math.max(...classes.map(textWidth)) + 8, 118);
    const below = slanted ? slant * 0.72 + 40 : lines * 15 + 34;
    const cells = [];
    for (let t = 0; t < n; ++t) {
      for (let p = 0; p < n; ++p) {
        const f = share(t, p);
        const count = group.counts[t][p];
        const text = set.norm === 'count' && crowded ? `{b|${count}}` : set.norm === 'count'
          ? `{a|${count}}\n{b|${f === null ? '(–)' : '(' + f.toFixed(2) + ')'}}`
          : `{${crowded ? 'b' : 'a'}|${fixed(f, 2)}}`;
        const ink = inkOn(heat(c, f === null ? 0 : f));
        cells.push({
          value: truthOnX ? [t, p, f === null ? 0 : f] : [p, t, f === null ? 0 : f],
          detail: {t, p, f, count},
          label: {
            formatter: text, color: ink,
            rich: {a: {color: ink, fontSize: n > 6 ? 12 : 15, fontWeight: 600, lineHeight: 18},
                   b: {color: ink, fontSize: n > 6 ? 10 : 12, lineHeight: 15}},
          },
        });
      }
    }
    const band = (name, gap, extra) => ({
      type: 'category', data: classes, name, nameLocation: 'middle', nameGap: gap,
      nameTextStyle: {color: c.ink, fontFamily: sans, fontSize: size, fontWeight: 600},
      axisLine: {show: false}, axisTick: {show: false}, splitArea: {show: false},
      axisLabel: Object.assign({color: c.ink, fontSize: size, interval: 0, lineHeight: 15}, extra),
    });
    const whole = set.norm === 'precision' ? 'label' : 'true class';
    return {
      width: left + cell * n + 12,
      height: cell * n + below + 8,
      option: Object.assign(base(c), {
        grid: {left, top: 6, width: cell * n, height: cell * n, containLabel: false},
        xAxis: band(truthOnX ? 'True class' : 'Predicted class', below - 20,
          slanted ? {rotate: 45, width: slant, overflow: 'truncate'}
                  : {formatter: (name) => wrapped(name, cell - 4)}),
        yAxis: Object.assign(band(truthOnX ? 'Predicted class' : 'True class', left - 16,
          {formatter: (name) => wrapped(name, left - 40)}), {inverse: true}),
        visualMap: {type: 'continuous', show: false, min: 0, max: 1, dimension: 2,
          inRange: {color: [c['heat-low'], c['heat-mid'], c['heat-high']]}},
        tooltip: Object.assign(base(c).tooltip, {formatter: (at) => {
          const d = at.data.detail;
          return `true: ${classes[d.t]}\npredicted: ${classes[d.p]}\n${d.count} samples`
            + (d.f === null ? '' : `, ${(100 * d.f).toFixed(1)} % of this ${whole}`);
        }}),
        series: [{type: 'heatmap', data: cells, label: {show: true, fontFamily: sans},
          itemStyle: {borderColor: c.ground, borderWidth: 2},
          emphasis: {itemStyle: {borderColor: c.ink, borderWidth: 2}}}],
      }),
    };
  };

  const square = (width) => {
    const side = Math.min(width - 66, 400);
    return {side, grid: {left: 52, top: 12, width: side, height: side}};
  };

  const roc = (c, width) => {
    const {side, grid} = square(width);
    const dashes = ['solid', [7, 3], [2, 3], [9, 3, 2, 3]];
    const drawn = report.per_class.filter((k) => k.roc.length > 0);
    const series = drawn.map((k, i) => ({
      name: `${k.name}, AUC ${fixed(k.auc, 3)}`, type: 'line', data: k.roc, symbol: 'none',
      lineStyle: {color: c['series-' + (i % 6 + 1)], width: 2, type: dashes[i % 4]},
      itemStyle: {color: c['series-' + (i % 6 + 1)]}, clip: false,
    }));
    const points = drawn.map((k, i) => ({
      name: `${k.name}, working points`, type: 'line', symbol: 'circle', symbolSize: 8, clip: false,
      z: 4, data: k.points, lineStyle: {width: 0}, itemStyle: {color: c.ground, borderWidth: 2,
        borderColor: c['series-' + (i % 6 + 1)]},
    }));
    return {
      width: side + 66,
      height: side + 62 + 21 * drawn.length,
      option: Object.assign(base(c), {
        grid,
        legend: {top: side + 56, left: 40, orient: 'vertical', itemWidth: 34, itemHeight: 10,
          itemGap: 7, data: series.map((s) => s.name), icon: 'inherit', itemStyle: {opacity: 0},
          textStyle: {color: c.ink, fontFamily: sans, fontSize: size}},
        xAxis: axis(c, 'False positive rate', {nameGap: 28}),
        yAxis: axis(c, 'True positive rate', {nameGap: 34}),
        tooltip: Object.assign(base(c).tooltip, {trigger: 'item'}),
        series: [diagonal(c, 'no skill'), ...series, ...points],
      }),
    };
  };

  const reliability = (c, width, set) => {
    const {side, grid} = square(width);
    const bins = set.source === 'calibrated' ? report.calibrated : report.reliability;
    const most = Math.max(...bins.map((b) => b.count));
    const upper = bins.map((b) => [b.confidence, b.high_right]);
    const lower = bins.map((b) => [b.confidence, b.low_right]);
    const band = {
      type: 'custom', silent: true, tooltip: {show: false}, z: 0, data: [0],
      renderItem: (params, api) => ({
        type: 'polygon',
        shape: {points: [...upper, ...lower.slice().reverse()].map((p) => api.coord(p))},
        style: {fill: c.band},
      }),
    };
    const bars = {
      type: 'custom', silent: true, tooltip: {show: false}, z: 2, encode: {x: 0, y: [1, 2]},
      data: bins.map((b) => [b.confidence, b.low_right, b.high_right]),
      renderItem: (params, api) => {
        const low = api.coord([api.value(0), api.value(1)]);
        const high = api.coord([api.value(0), api.value(2)]);
        return {type: 'line', shape: {x1: low[0], y1: low[1], x2: high[0], y2: high[1]},
          style: {stroke: c.accent, lineWidth: 1.5}};
      },
    };
    return {
      width: side + 66,
      height: side + 62,
      option: Object.assign(base(c), {
        grid,
        xAxis: axis(c, 'Mean confidence of the bin', {nameGap: 28}),
        yAxis: axis(c, 'Fraction right', {nameGap: 34}),
        tooltip: Object.assign(base(c).tooltip, {trigger: 'item', formatter: (at) => {
          const b = bins[at.dataIndex];
          return `confidence ${b.low.toFixed(2)} to ${b.high.toFixed(2)}: ${b.count} samples\n`
            + `mean confidence ${b.confidence.toFixed(3)}\nright ${b.right.toFixed(3)} `
            + `(${fixed(b.low_right, 3)} to ${fixed(b.high_right, 3)})`;
        }}),
        series: [
          ...(bins.length > 1 && bins.every((b) => b.low_right !== null) ? [band] : []),
          diagonal(c, 'perfect'), bars,
          {name: 'bins', type: 'line', data: bins.map((b) => [b.confidence, b.right]),
            symbol: 'circle', clip: false, z: 3,
            // The area of a point goes with the samples of its bin.
            symbolSize: (_, at) => Math.max(4, 13 * Math.sqrt(bins[at.dataIndex].count / most)),
            lineStyle: {width: 0}, itemStyle: {color: c.accent}}],
      }),
    };
  };

  /** Efficiency or purity of each class in bins of a column, with bars of one standard deviation. */
  const against = (c, width, set) => {
    const column = report.against[Number(set.column)];
    const n = report.classes.length;
    const w = Math.min(width, 560);
    const name = column.unit ? `${column.column} [${column.unit}]` : column.column;
    const bins = column.bins;
    const low = column.texts ? 0 : bins[0].low;
    const high = column.texts ? bins.length : bins[bins.length - 1].high;
    // Classes stand side by side within the bin, so that their bars do not hide each other.
    const place = (b, k) => {
      const from = column.texts ? b : bins[b].low;
      const to = column.texts ? b + 1 : bins[b].high;
      return from + (to - from) * (0.5 + 0.5 * (k - (n - 1) / 2) / Math.max(n, 2));
    };
    const series = report.classes.flatMap((label, k) => {
      const colour = c['series-' + (k % 6 + 1)];
      const points = bins.map((bin, b) => ({e: bin[set.measure][k], b}))
        .filter(({e}) => e !== null)
        .map(({e, b}) => [place(b, k), e.value, e.low, e.high, b]);
      return [
        {name: label, type: 'line', data: points, clip: false, z: 3,
          encode: {x: 0, y: 1}, symbol: ['circle', 'rect', 'triangle', 'diamond'][k % 4],
          symbolSize: 7, lineStyle: {color: colour, width: 1, type: [3, 3], opacity: 0.6},
          itemStyle: {color: colour}},
        {type: 'custom', silent: true, tooltip: {show: false}, z: 2, clip: false,
          encode: {x: 0, y: [2, 3]}, data: points.filter((p) => p[2] !== null),
          renderItem: (params, api) => {
            const from = api.coord([api.value(0), api.value(2)]);
            const to = api.coord([api.value(0), api.value(3)]);
            return {type: 'line', shape: {x1: from[0], y1: from[1], x2: to[0], y2: to[1]},
              style: {stroke: colour, lineWidth: 1.5}};
          }},
      ];
    });
    const measure = set.measure === 'efficiency' ? 'Efficiency' : 'Purity';
    const ticks = column.texts ? {
      min: low, max: high, interval: 1,
      axisLabel: {color: c.soft, fontSize: size, align: 'left',
        formatter: (v) => (bins[v] ? '\u00a0' + bins[v].name : '')},
    } : {
      min: low, max: high, interval: null,
      axisLabel: {color: c.soft, fontSize: size, hideOverlap: true,
        formatter: (v) => String(Number(v.toPrecision(4)))},
    };
    return {
      width: w,
      height: 330 + 21 * n,
      option: Object.assign(base(c), {
        grid: {left: 52, right: 16, top: 12, height: 260},
        legend: {top: 322, left: 40, orient: 'vertical', itemWidth: 24, itemHeight: 8, itemGap: 7,
          data: report.classes, textStyle: {color: c.ink, fontFamily: sans, fontSize: size}},
        xAxis: axis(c, name, Object.assign({nameGap: 28}, ticks)),
        yAxis: axis(c, measure, {nameGap: 34,
          splitLine: {show: true, lineStyle: {color: c.hair}}}),
        tooltip: Object.assign(base(c).tooltip, {trigger: 'item', formatter: (at) => {
          const [, value, from, to, b] = at.data;
          return `${at.seriesName}, ${bins[b].name}: ${bins[b].count} samples\n`
            + `${measure.toLowerCase()} ${value.toFixed(3)} `
            + `(${fixed(from, 3)} to ${fixed(to, 3)})`;
        }}),
        series,
      }),
    };
  };

  const confidence = (c, width) => {
    const bins = report.confidence;
    const w = Math.min(width, 720);
    const labels = bins.map((b) => `${b.low.toFixed(2)}–${b.high.toFixed(2)}`);
    const parts = [['right', 'Right'], ['wrong', 'Wrong'], ['unknown', 'Truth unknown']]
      .filter(([key]) => bins.some((b) => b[key] > 0));
    return {
      width: w,
      height: 300,
      option: Object.assign(base(c), {
        grid: {left: 52, right: 14, top: parts.length > 1 ? 34 : 12, bottom: 46},
        legend: {show: parts.length > 1, top: 0, left: 44, itemWidth: 14, itemHeight: 12,
          textStyle: {color: c.ink, fontFamily: sans, fontSize: size}},
        xAxis: [
          {type: 'category', data: labels, show: false},
          axis(c, 'Confidence (highest probability)', {nameGap: 28, position: 'bottom'}),
        ],
        yAxis: axis(c, 'Samples', {min: 0, max: null, interval: null, minInterval: 1, nameGap: 36,
          axisLabel: {color: c.soft, fontSize: size},
          splitLine: {show: true, lineStyle: {color: c.hair}}}),
        tooltip: Object.assign(base(c).tooltip, {trigger: 'axis', axisPointer: {type: 'none'},
          formatter: (at) => {
            const b = bins[at[0].dataIndex];
            return `confidence ${labels[at[0].dataIndex]}\n`
              + parts.map(([key, name]) => `${name.toLowerCase()}: ${b[key]}`).join('\n');
          }}),
        series: [
          ...parts.map(([key, name]) => ({
            name, type: 'bar', stack: 'all', barCategoryGap: '8%', xAxisIndex: 0,
            data: bins.map((b) => b[key]), itemStyle: {color: c[key]},
          })),
          // Carries the numeric axis below the bars.
          {type: 'line', xAxisIndex: 1, data: [], silent: true},
        ],
      }),
    };
  };

  const labels = (c, width) => {
    const n = report.classes.length;
    const w = Math.min(width, 720);
    const left = Math.min(Math.max(...report.classes.map(textWidth)) + 14, w * 0.4);
    return {
      width: w,
      height: 34 * n + 50,
      option: Object.assign(base(c), {
        grid: {left, right: 48, top: 4, bottom: 44},
        xAxis: axis(c, 'Samples with this label', {max: null, interval: null, minInterval: 1,
          nameGap: 28, axisLabel: {color: c.soft, fontSize: size}}),
        yAxis: {type: 'category', data: report.classes, inverse: true, axisTick: {show: false},
          axisLine: {lineStyle: {color: c.soft}},
          axisLabel: {color: c.ink, fontSize: size, width: left - 14, overflow: 'truncate', interval: 0}},
        series: [{type: 'bar', data: report.label_counts, barCategoryGap: '35%',
          itemStyle: {color: c.accent}, label: {show: true, position: 'right', color: c.ink}}],
      }),
    };
  };

  const kinds = {matrix, roc, against, reliability, confidence, labels};

  // ---- on the page -----------------------------------------------------------------------------
  const figures = [...document.querySelectorAll('figure[data-kind]')];
  const charts = new Map();

  const draw = (figure) => {
    const plot = figure.querySelector('.plot');
    // Beside its caption a figure takes what it needs, up to 34 rem.
    const side = figure.parentElement.tagName === 'SECTION' && !figure.classList.contains('broad');
    const width = side ? Math.min(figure.clientWidth, 544) : plot.clientWidth || 640;
    const made = kinds[figure.dataset.kind](colours(), width, figure.dataset);
    let chart = charts.get(figure);
    if (!chart) {
      const box = document.createElement('div');
      plot.replaceChildren(box);
      chart = {box, instance: null};
      charts.set(figure, chart);
    }
    chart.box.style.width = made.width + 'px';
    chart.box.style.height = made.height + 'px';
    plot.style.minHeight = made.height + 'px';
    if (!chart.instance) {
      chart.instance = echarts.init(chart.box, null, {renderer: 'svg'});
    } else {
      chart.instance.resize();
    }
    chart.instance.setOption(made.option, true);
    // The plot has a text alternative; what is drawn in it is for the eye only.
    chart.box.setAttribute('aria-hidden', 'true');
    if (plot.scrollWidth > plot.clientWidth) plot.tabIndex = 0;
  };
  const drawAll = () => figures.forEach(draw);

  // ---- saving ----------------------------------------------------------------------------------
  const fileName = (figure, ending) => (report.title + '-' + figure.id)
    .toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') + ending;

  const standalone = (figure) => {
    const c = lightColours();
    const made = kinds[figure.dataset.kind](c, 640, figure.dataset);
    made.option.backgroundColor = '#ffffff';
    const chart = echarts.init(null, null,
      {renderer: 'svg', ssr: true, width: made.width, height: made.height});
    chart.setOption(made.option);
    const title = figure.querySelector('figcaption').textContent
      .replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
    // The style element only serves a mouse over a page.
    const svg = chart.renderToSVGString().replace(/<style[\s\S]*?<\/style>/g, '')
      .replace(/^(<svg[^>]*>)/, (open) => `${open}<title>${title}</title>`);
    chart.dispose();
    return {svg, width: made.width, height: made.height};
  };
  const offer = (blob, name) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const asPng = (figure) => new Promise((resolve, reject) => {
    const made = standalone(figure);
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement('canvas');
      canvas.width = Math.round(2 * made.width);
      canvas.height = Math.round(2 * made.height);
      canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png');
    };
    image.onerror = () => reject(new Error('the figure cannot be drawn'));
    image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(made.svg);
  });

  const addTools = (figure) => {
    const tools = figure.querySelector('.tools');
    const title = figure.querySelector('figcaption b').textContent;
    const button = (text, act) => {
      const b = document.createElement('button');
      b.type = 'button';
      b.textContent = text;
      b.setAttribute('aria-label', `${text}: ${title}`);
      b.addEventListener('click', act);
      tools.append(b);
    };
    button('Save as SVG', () => offer(
      new Blob([standalone(figure).svg], {type: 'image/svg+xml'}), fileName(figure, '.svg')));
    button('Save as PNG', () => asPng(figure).then((blob) => offer(blob, fileName(figure, '.png'))));
  };

  figures.forEach(addTools);
  drawAll();
  addEventListener('themechange', drawAll);
  let timer = 0;
  addEventListener('resize', () => {
    clearTimeout(timer);
    timer = setTimeout(drawAll, 120);
  });
  for (const input of document.querySelectorAll('input[name="orientation"]')) {
    input.addEventListener('change', () => {
      truthOnX = document.querySelector('input[name="orientation"]:checked').value === 'truth-x';
      figures.filter((f) => f.dataset.kind === 'matrix').forEach(draw);
    });
  }
  // For other programs that want the figures: window.firstlight.svg('figure-id').
  window.firstlight = {
    report,
    svg: (id) => standalone(document.getElementById(id)).svg,
    png: (id) => asPng(document.getElementById(id)),
  };
})();
