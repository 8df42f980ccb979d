'use strict';

// The page of an archive. It loads plain scripts beside it when they are needed, and nothing else. Whatever comes from the
// archive goes into the page as text.
const archive = (() => {
  const pageSize = 50;
  let info, T;
  const waiting = new Map(); // by script: who waits for it
  const lists = new Map(), objects = new Map(), words = new Map();
  let turn = 0; // the last view that was asked for; an older one that comes late is dropped

  const el = (tag, props = {}, ...children) => {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(props)) {
      if (k === 'class') e.className = v; else e.setAttribute(k, v);
    }
    e.append(...children.filter(c => c !== null && c !== undefined));
    return e;
  };
  const byID = id => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, k) => String(values[k]));

  // load runs a script once and gives what it handed over; the last few of each kind stay.
  function load(kept, kind, name) {
    if (kept.has(name)) return Promise.resolve(kept.get(name));
    const file = 'index/' + kind + '-' + name + '.js';
    if (!waiting.has(file)) {
      waiting.set(file, new Promise((resolve, reject) => {
        const s = el('script', {src: file});
        s.onload = () => { s.remove(); waiting.delete(file); resolve(kept.get(name)); };
        s.onerror = () => { s.remove(); waiting.delete(file); reject(new Error(fill(T.missing, {file}))); };
        document.head.append(s);
      }));
    }
    return waiting.get(file);
  }
  function keep(kept, name, value, most) {
    kept.set(name, value);
    while (kept.size > most) kept.delete(kept.keys().next().value);
  }

  const row = async n => (await load(lists, 'list', Math.floor(n / info.listSize)))[n % info.listSize];
  const tabOf = n => info.tabs.find(t => n >= t.first && n < t.first + t.count);

  function forms(text) {
    const found = text.normalize('NFC').match(/[\p{L}\p{N}\p{M}]+/gu) || [];
    return found.map(w => Array.from(w.toLowerCase().replaceAll('ё', 'е')).slice(0, info.maxWord).join(''));
  }
  const shardOf = w => Array.from(w).slice(0, info.letters).map(c => c.codePointAt(0).toString(16).padStart(4, '0')).join('');

  // find gives the numbers of the objects that have all words, those first that have them in title or number, then the newest.
  async function find(list) {
    let result = null;
    for (const word of list) {
      const hits = new Map();
      const shard = shardOf(word);
      const table = info.shards.includes(shard) ? await load(words, 'words', shard) : {};
      for (const w of Object.keys(table)) {
        if (!w.startsWith(word)) continue;
        let v = 0;
        for (const step of table[w]) {
          v += step;
          hits.set(v >> 1, Math.max(hits.get(v >> 1) || 0, v & 1 ? (w === word ? 3 : 2) : 1));
        }
      }
      if (result === null) { result = hits; continue; }
      for (const [n, score] of result) {
        if (hits.has(n)) result.set(n, score + hits.get(n)); else result.delete(n);
      }
    }
    return Array.from(result || []).sort((a, b) => b[1] - a[1] || rank(a[0]) - rank(b[0]) || b[0] - a[0]).map(e => e[0]);
  }
  const rank = n => info.tabs.indexOf(tabOf(n));

  const show = (...nodes) => byID('main').replaceChildren(...nodes);

  async function listing(numbers, heading, mine) {
    const body = el('tbody');
    const table = el('table', {}, el('thead', {}, el('tr', {}, el('th', {}, T.number), el('th', {}, T.name), el('th', {}, T.state), el('th', {}, T.date), el('th'))), body);
    const more = el('button', {type: 'button'}, T.more);
    let at = 0;
    async function next() {
      const rows = [];
      for (const n of numbers.slice(at, at + pageSize)) {
        const r = await row(n);
        const link = () => el('a', {href: '#/o/' + n}, r[1]);
        rows.push(el('tr', {}, el('td', {class: 'tight'}, r[0]), el('td', {}, link()), el('td', {class: 'tight'}, r[2]), el('td', {class: 'tight'}, r[3]), el('td', {class: 'dim'}, tabOf(n).title)));
      }
      at += pageSize;
      body.append(...rows);
      more.hidden = at >= numbers.length;
    }
    more.addEventListener('click', () => next().catch(fail));
    await next();
    if (mine === turn) show(heading, table, more);
  }

  async function search(text, mine) {
    const list = forms(text);
    if (list.length === 0 || list.some(w => Array.from(w).length < info.letters)) { show(el('p', {}, T.short)); return; }
    const numbers = await find(list);
    if (mine !== turn) return;
    if (numbers.length === 0) { show(el('p', {id: 'count'}, T.nothing)); return; }
    await listing(numbers, el('p', {id: 'count', class: 'dim'}, numbers.length + ' ' + T.found), mine);
  }

  function browse(cls, mine) {
    const tab = info.tabs.find(t => t.class === cls);
    if (!tab) { show(el('p', {}, T.nothing)); return; }
    const newest = Array.from({length: tab.count}, (_, i) => tab.first + tab.count - 1 - i);
    return listing(newest, el('h2', {}, tab.title + ' · ' + tab.count), mine);
  }

  function value(v) {
    if (typeof v === 'string') return el('dd', {class: 'text'}, v);
    const dd = el('dd');
    v.forEach(([title, n], i) => {
      if (i > 0) dd.append(', ');
      dd.append(n >= 0 ? el('a', {href: '#/o/' + n}, title) : el('span', {title: T.absent}, title));
    });
    return dd;
  }

  const attributes = list => el('dl', {}, ...list.flatMap(([name, v]) => [el('dt', {title: name}, Object.hasOwn(info.attributes, name) ? info.attributes[name] : name), value(v)]));

  const href = path => path.split('/').map(encodeURIComponent).join('/');
  function fileList(files) {
    return el('ul', {}, ...files.map(f => {
      const size = el('span', {class: 'dim'}, ' ' + f.s.toLocaleString() + ' B');
      if (!f.p) return el('li', {}, f.t, el('span', {class: 'dim'}, ' — ' + T.absent));
      if (!f.o) return el('li', {}, f.t, size, el('div', {class: 'dim'}, f.p + ' — ' + T.careful));
      return el('li', {}, el('a', {href: href(f.p), target: '_blank', rel: 'noopener noreferrer'}, f.t), size);
    }));
  }

  async function object(n, mine) {
    const r = await row(n);
    const o = (await load(objects, 'objects', r[4]))[n];
    if (mine !== turn) return;
    const parts = [
      el('p', {class: 'dim'}, tabOf(n).title + ' · ' + o.m + ' · ' + o.u),
      el('h2', {id: 'object'}, (o.n ? o.n + ' · ' : '') + o.t),
      attributes(o.a.slice(0, o.h)),
    ];
    if (o.f) parts.push(el('h3', {}, T.files + ' · ' + o.f.length), fileList(o.f));
    if (o.k) {
      parts.push(el('h3', {}, T.comments + ' · ' + o.k.length));
      for (const c of o.k) {
        const head = el('div', {class: 'dim'}, (c.a || T.system) + ' · ' + c.d + (c.p ? ' · ' + T.private : ''));
        parts.push(el('div', {class: c.p ? 'comment private' : 'comment'}, head, el('div', {class: 'text'}, c.x), c.f ? fileList(c.f) : null));
      }
    }
    if (o.a.length > o.h) parts.push(el('h3', {}, T.other + ' · ' + (o.a.length - o.h)), attributes(o.a.slice(o.h)));
    show(...parts);
    window.scrollTo(0, 0);
  }

  const fail = e => show(el('p', {role: 'alert'}, e.message));

  // route shows what the part of the address behind # says.
  function route() {
    const [, kind, rest = ''] = location.hash.match(/^#\/(\w)\/(.*)$/) || [];
    const mine = ++turn;
    let arg = '';
    try { arg = decodeURIComponent(rest); } catch (e) { arg = rest; }
    for (const a of byID('tabs').children) a.classList.toggle('here', kind === 'c' && a.dataset.name === arg);
    if (kind === 'q') byID('query').value = arg;
    const n = Number(arg);
    const done = kind === 'q' ? search(arg, mine)
      : kind === 'o' && Number.isInteger(n) && n >= 0 && n < info.objects ? object(n, mine)
      : kind === 'c' ? browse(arg, mine)
      : info.tabs.length > 0 ? browse(info.tabs[0].class, mine) : show(el('p', {}, T.nothing));
    Promise.resolve(done).catch(fail);
  }

  function about(a) {
    info = a;
    T = a.texts;
    byID('about').replaceChildren(el('p', {class: 'dim'}, fill(T.summary, a) + (a.unreadable > 0 ? ' ' + fill(T.gaps, a) : '')));
    if (a.export) byID('about').append(el('p', {class: 'dim', id: 'export'}, fill(T.export, a.export)));
    byID('query').placeholder = T.search;
    byID('query').setAttribute('aria-label', T.search);
    byID('go').textContent = T.find;
    byID('hint').textContent = T.hint;
    byID('tabs').replaceChildren(...a.tabs.map(t => {
      const link = el('a', {href: '#/c/' + encodeURIComponent(t.class)}, t.title + ' ' + t.count);
      link.dataset.name = t.class;
      return link;
    }));
    byID('search').addEventListener('submit', e => {
      e.preventDefault();
      const to = '#/q/' + encodeURIComponent(byID('query').value);
      if (location.hash === to) route(); else location.hash = to;
    });
    window.addEventListener('hashchange', route);
    route();
  }

  return {
    about,
    list: (name, v) => keep(lists, name, v, 50),
    objects: (name, v) => keep(objects, name, v, 5),
    words: (name, v) => keep(words, name, v, 20),
  };
})();
