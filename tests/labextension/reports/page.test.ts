// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { readReport } from '../../../labextension/src/reports/page';

const FIGURE = '{"data":[{"y":[1]}],"layout":{"height":200}}';

function page(sections: string, title = 'Training of cnn'): string {
  return `<!doctype html><html><head><title>x</title></head><body><h1>${title}</h1><nav></nav>${sections}<script>window.ran = 1</script></body></html>`;
}

describe('the page of a report', () => {
  it('is read into texts, tables and figures', () => {
    const report = readReport(
      page(
        `<section id="s0"><h2>Loss</h2><p class="bad">It rose.</p><p>Plain</p>
        <div class="table"><table><caption>all</caption><thead><tr><th>name</th><th class="n">value</th></tr></thead>
        <tbody><tr><td>lr</td><td class="n">0.1</td></tr></tbody></table></div>
        <figure><div data-plot="p0-0"></div><figcaption>course</figcaption></figure><script type="application/json" id="p0-0">${FIGURE}</script></section>`
      )
    );
    expect(report?.title).toBe('Training of cnn');
    expect(report?.sections).toEqual([
      {
        title: 'Loss',
        parts: [
          { type: 'text', tone: 'bad', text: 'It rose.' },
          { type: 'text', tone: 'plain', text: 'Plain' },
          {
            type: 'table',
            columns: ['name', 'value'],
            numeric: [false, true],
            rows: [['lr', '0.1']],
            caption: 'all'
          },
          {
            type: 'figure',
            figure: { data: [{ y: [1] }], layout: { height: 200 } },
            caption: 'course'
          }
        ]
      }
    ]);
  });

  it('runs nothing, and its markup stays text or is left out', () => {
    const report = readReport(
      page(
        `<section><h2>&lt;b&gt;</h2><p onclick="window.ran = 1">a<img src=x onerror="window.ran = 1"></p>
        <iframe src="javascript:1"></iframe><script>window.ran = 1</script>
        <figure><div data-plot="none"></div></figure></section>`,
        '&lt;img src=x&gt;'
      )
    );
    expect(report).toEqual({
      title: '<img src=x>',
      sections: [
        { title: '<b>', parts: [{ type: 'text', tone: 'plain', text: 'a' }] }
      ]
    });
    expect('ran' in window).toBe(false);
  });

  it('is none where it is something else', () => {
    for (const html of ['', 'text', '<p>a</p>', page(''), '{"data": []}']) {
      expect(readReport(html)).toBeNull();
    }
  });
});
