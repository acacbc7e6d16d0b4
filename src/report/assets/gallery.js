// The gallery: filters, cards made when they come near the window, and the viewer. All text enters
// the page as text nodes.
(() => {
  const {report} = window.firstlight;
  const gallery = document.getElementById('gallery-cards');
  if (!gallery) return;
  const samples = report.gallery;
  const classes = report.classes;
  const labelled = samples.some((s) => s.truth !== null);
  const page = 12;

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === 'class') element.className = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };
  const confidence = (s) => s.p[s.label];
  const right = (s) => s.truth !== null && s.truth === s.label;
  const wrong = (s) => s.truth !== null && s.truth !== s.label;
  const state = (s) => (right(s) ? 'is-right' : wrong(s) ? 'is-wrong' : 'is-unknown');
  const mark = (s) => (right(s) ? '✓' : wrong(s) ? '✗' : '');
  const percent = (x) => (x > 0.9995 ? '100' : (100 * x).toFixed(1)) + ' %';
  const describe = (s) => `${s.id}: labelled ${classes[s.label]} with probability ${percent(confidence(s))}`
    + (s.truth === null ? '' : right(s) ? ', right' : `, wrong, truth ${classes[s.truth]}`);

  const orders = {
    // Confident errors first, then the right ones that came nearest to an error.
    errors: (a, b) => wrong(b) - wrong(a)
      || (wrong(a) ? confidence(b) - confidence(a) : confidence(a) - confidence(b)),
    unsure: (a, b) => confidence(a) - confidence(b),
    sure: (a, b) => confidence(b) - confidence(a),
    id: (a, b) => a.id.localeCompare(b.id, 'en', {numeric: true}),
  };

  const pictureWatch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      show(entry.target);
      pictureWatch.unobserve(entry.target);
    }
  }, {rootMargin: '600px'});
  const pending = new Map();
  const show = (image) => {
    image.src = pending.get(image) || image.src;
    pending.delete(image);
  };
  addEventListener('beforeprint', () => [...pending.keys()].forEach(show));

  const bars = (s) => {
    const box = make('span', {class: 'bars', 'aria-hidden': 'true'});
    s.p.forEach((p, k) => {
      const bar = make('span', {class: 'bar' + (k === s.label ? ' chosen' : '') + (k === s.truth ? ' truth' : '')},
        make('i'));
      bar.firstChild.style.width = 100 * p + '%';
      box.append(bar);
    });
    return box;
  };

  let order = [];  // samples as shown, for the viewer's way through them

  const card = (s) => {
    const plate = make('span', {class: 'plate'});
    if (s.pictures.length > 0) {
      const image = make('img', {alt: '', decoding: 'async'});
      pending.set(image, s.pictures[0].uri);
      pictureWatch.observe(image);
      plate.append(image);
    } else {
      plate.append(make('span', {}, 'no preview'));
    }
    const button = make('button', {type: 'button', class: 'card ' + state(s), 'aria-label': describe(s), tabindex: '-1'},
      plate,
      make('span', {class: 'verdict'},
        make('span', {class: 'mark', 'aria-hidden': 'true'}, mark(s)), classes[s.label],
        make('span', {class: 'share'}, percent(confidence(s)))),
      bars(s),
      ...(wrong(s) ? [make('span', {class: 'of'}, 'truth: ' + classes[s.truth])] : []),
      make('span', {class: 'ident', title: s.id}, make('bdi', {}, s.id)));
    button.addEventListener('click', () => openViewer(order.indexOf(s), button));
    return make('li', {}, button);
  };

  const cards = () => [...gallery.querySelectorAll('.card')];
  const restTab = () => {
    const all = cards();
    if (all.length > 0 && !all.some((b) => b.tabIndex === 0)) all[0].tabIndex = 0;
  };
  const focusCard = (button) => {
    cards().forEach((b) => { b.tabIndex = -1; });
    button.tabIndex = 0;
    button.focus();
  };
  gallery.addEventListener('keydown', (event) => {
    const all = cards();
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    const here = all[at].getBoundingClientRect();
    const nextRow = (down) => {
      const rows = all.map((b) => ({b, r: b.getBoundingClientRect()}))
        .filter(({r}) => (down ? r.top > here.top + 4 : r.top < here.top - 4));
      if (rows.length === 0) return undefined;
      const edge = down ? Math.min(...rows.map(({r}) => r.top)) : Math.max(...rows.map(({r}) => r.top));
      return rows.filter(({r}) => Math.abs(r.top - edge) < 4)
        .sort((a, b) => Math.abs(a.r.left - here.left) - Math.abs(b.r.left - here.left))[0].b;
    };
    const target = {
      ArrowRight: () => all[at + 1], ArrowLeft: () => all[at - 1],
      ArrowDown: () => nextRow(true), ArrowUp: () => nextRow(false),
      Home: () => all[0], End: () => all[all.length - 1],
    }[event.key];
    if (!target) return;
    event.preventDefault();
    const button = target();
    if (button) focusCard(button);
  });

  const value = (id) => {
    const control = document.getElementById(id);
    return control ? control.value : '';
  };
  const fill = () => {
    const outcome = (document.querySelector('input[name="outcome"]:checked') || {}).value || 'all';
    const truth = value('filter-truth');
    const label = value('filter-label');
    const chosen = samples.filter((s) => (truth === '' || String(s.truth) === truth)
      && (label === '' || String(s.label) === label)
      && (outcome === 'all' || (outcome === 'right' ? right(s) : wrong(s))));
    chosen.sort(orders[value('gallery-order')] || orders.errors);
    pending.clear();
    order = [];
    const groups = [];
    const places = [...classes.keys(), ...(labelled ? [null] : [])];
    for (const k of places) {
      const members = chosen.filter((s) => (labelled ? s.truth : s.label) === k);
      if (members.length === 0) continue;
      order.push(...members);
      const bad = members.filter(wrong).length;
      const heading = k === null ? 'Truth unknown' : labelled ? 'True class: ' + classes[k] : 'Label: ' + classes[k];
      const list = make('ul', {class: 'cards'});
      const group = make('section', {class: 'gallery-group'},
        make('h3', {}, heading, make('small', {}, `${members.length} shown here` + (labelled && k !== null ? `, ${bad} wrong` : ''))),
        list);
      let shown = 0;
      const more = make('button', {type: 'button', class: 'link more'});
      const grow = () => {
        const first = members.slice(shown, shown + page).map(card);
        list.append(...first);
        shown += first.length;
        const rest = members.length - shown;
        more.textContent = `Show ${Math.min(rest, page)} more of ${rest}`;
        if (rest === 0) more.remove();
        return first[0];
      };
      more.addEventListener('click', () => focusCard(grow().firstChild));
      group.append(more);
      grow();
      groups.push(group);
    }
    gallery.replaceChildren(...(groups.length > 0 ? groups : [make('p', {}, 'No sample of the gallery fits these filters.')]));
    document.getElementById('gallery-count').textContent =
      `${chosen.length} of ${samples.length} pictures`;
    restTab();
  };

  // ---- the viewer -------------------------------------------------------------------------------
  const viewer = document.getElementById('viewer');
  let opener = null;
  let current = 0;

  const facts = (rows) => make('dl', {class: 'facts'}, ...rows.map(([name, text]) =>
    make('div', {}, make('dt', {}, name), make('dd', {}, text))));

  const render = () => {
    const s = order[current];
    const button = (text, name, act) => {
      const b = make('button', {type: 'button', 'aria-label': name}, text);
      b.addEventListener('click', act);
      return b;
    };
    const rows = s.p.map((p, k) => ({p, k})).sort((a, b) => b.p - a.p).map(({p, k}) => {
      const bar = make('span', {class: 'bar'}, make('i'));
      bar.firstChild.style.width = 100 * p + '%';
      const notes = [k === s.label ? 'label' : '', k === s.truth ? 'truth' : ''].filter(Boolean).join(', ');
      return make('tr', k === s.label ? {class: 'chosen'} : {},
        make('th', {scope: 'row'}, classes[k] + (notes ? ` (${notes})` : '')),
        make('td', {class: 'track', 'aria-hidden': 'true'}, bar),
        make('td', {class: 'number'}, p.toFixed(4)));
    });
    const verdict = right(s) ? 'right' : wrong(s) ? 'wrong' : 'truth unknown';
    viewer.replaceChildren(
      make('div', {class: 'viewer-head'},
        make('h3', {id: 'viewer-title'}, make('bdi', {}, s.id)),
        make('span', {}, `${current + 1} of ${order.length}`),
        button('←', 'Previous picture', () => step(-1)),
        button('→', 'Next picture', () => step(1)),
        button('Close', 'Close', () => viewer.close())),
      make('div', {class: 'viewer-body ' + state(s)},
        make('div', {}, ...s.pictures.map((p) => make('figure', {},
          make('img', {src: p.uri, alt: `View ${p.view} of ${s.id}`}),
          ...(s.pictures.length > 1 ? [make('figcaption', {}, p.view)] : [])))),
        make('div', {},
          make('table', {class: 'probabilities'},
            make('caption', {}, `Probability of each class: ${verdict} ${mark(s)}`),
            make('thead', {}, make('tr', {}, make('th', {scope: 'col'}, 'Class'), make('td', {}),
              make('th', {scope: 'col', class: 'number'}, 'Probability'))),
            make('tbody', {}, ...rows)),
          ...(s.explanation ? [make('p', {}, s.explanation)] : []),
          facts([...(s.origin ? [['origin', s.origin]] : []), ...s.metadata]))));
  };
  const step = (by) => {
    current = (current + by + order.length) % order.length;
    render();
    viewer.querySelector(`button:nth-of-type(${by < 0 ? 1 : 2})`).focus();
  };
  const openViewer = (at, from) => {
    current = at;
    opener = from;
    render();
    viewer.showModal();
    viewer.querySelector('button:nth-of-type(2)').focus();
  };
  viewer.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowRight') step(1);
    else if (event.key === 'ArrowLeft') step(-1);
    else return;
    event.preventDefault();
  });
  viewer.addEventListener('click', (event) => {
    if (event.target === viewer) viewer.close();
  });
  viewer.addEventListener('close', () => {
    const all = cards();
    const shown = all.find((b) => b.getAttribute('aria-label') === describe(order[current]));
    (shown || opener || all[0]).focus();
  });

  for (const control of document.querySelectorAll('#gallery select, #gallery input')) {
    control.addEventListener('change', fill);
  }
  fill();
})();
