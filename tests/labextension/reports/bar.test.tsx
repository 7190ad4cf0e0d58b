// @vitest-environment jsdom
import { nullTranslator } from '@jupyterlab/translation';
import {
  act,
  cleanup,
  fireEvent,
  render,
  screen
} from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ReportBar } from '../../../labextension/src/reports/bar';
import { ReportsModel } from '../../../labextension/src/reports/model';
import { ReportView } from '../../../labextension/src/reports/view';
import { facts, id, PagesServer } from '../pagesServer';

const trans = nullTranslator.load('labdeck');
const HOSTILE = '<img src=x onerror="alert(1)">';
const PATH = `trials/${id(1)}/reports/`;

let server: PagesServer;
let model: ReportsModel;
let kept: string[];

const settle = (): Promise<void> =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(600);
  });
const answer = (kind: string, more: object): void => {
  const body = {
    trial_id: id(1),
    kind,
    page: null,
    notebook: null,
    problem: null,
    ...more
  };
  server.failures.set(`${PATH}${kind}`, { status: 200, body });
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  server = new PagesServer().put(facts(1));
  model = new ReportsModel(server.client, id(1));
  kept = [];
  model.kept.connect((_, name) => void kept.push(name));
});

afterEach(() => {
  cleanup();
  model.dispose();
  server.client.dispose();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the bar of reports', () => {
  const button = (): HTMLElement =>
    screen.getByRole('button', { name: /Make report/ });

  it('shows that one is being made until it is kept', async () => {
    answer('profiler', { state: 'making' });
    render(<ReportBar model={model} trans={trans} />);
    const kinds = screen.getByRole('combobox');
    fireEvent.change(kinds, { target: { value: 'profiler' } });
    fireEvent.click(button());
    await settle();
    expect(screen.getByRole('progressbar')).toBeDefined();
    expect(button()).toHaveProperty('disabled', true);
    await act(() => model.make('training'));
    expect(server.count(`${PATH}training`)).toBe(0);

    answer('profiler', {
      state: 'kept',
      page: { name: 'profiler-report.html' }
    });
    await settle();
    expect(kept).toEqual(['profiler-report.html']);
    expect(screen.queryByRole('progressbar')).toBeNull();
    expect(button()).toHaveProperty('disabled', false);
  });

  it('says why there is none, and forgets it when another is chosen', async () => {
    const problem = {
      code: 'not-found',
      message: HOSTILE,
      remedy: 'profile it',
      position: null
    };
    answer('training', { state: 'failed', problem });
    render(<ReportBar model={model} trans={trans} />);
    fireEvent.click(button());
    await settle();
    expect(screen.getByRole('alert').textContent).toBe(
      `${HOSTILE} – profile it`
    );
    expect(document.querySelector('img')).toBeNull();
    expect(kept).toEqual([]);
    fireEvent.change(screen.getByRole('combobox'), {
      target: { value: 'xgboost' }
    });
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('stops asking when its page is closed', async () => {
    answer('training', { state: 'making' });
    const making = model.make();
    await settle();
    model.dispose();
    await settle();
    await making;
    const count = server.count(PATH);
    await settle();
    await settle();
    expect(server.count(PATH)).toBe(count);
  });
});

describe('a report', () => {
  it('is shown as text and tables, with headings to jump to', () => {
    const went: string[] = [];
    Element.prototype.scrollIntoView = function (this: Element) {
      went.push(this.textContent);
    };
    const sections = [
      { title: 'Summary', parts: [] },
      {
        title: 'Loss',
        parts: [
          { type: 'text', tone: 'bad', text: HOSTILE },
          {
            type: 'table',
            columns: ['', ''],
            numeric: [false, true],
            rows: [[HOSTILE, '0.1']],
            caption: ''
          }
        ]
      }
    ] as const;
    render(
      <ReportView
        report={{ title: 'Training', sections }}
        view="a"
        trans={trans}
      />
    );
    expect(document.querySelector('img')).toBeNull();
    expect(screen.getAllByText(HOSTILE)).toHaveLength(2);
    expect(screen.queryAllByRole('columnheader')).toEqual([]);
    const links = screen.getByRole('navigation', {
      name: 'Sections of the report'
    });
    fireEvent.click(links.querySelectorAll('button')[1]);
    expect(went).toEqual(['Loss']);
    expect(document.activeElement?.textContent).toBe('Loss');
  });
});
