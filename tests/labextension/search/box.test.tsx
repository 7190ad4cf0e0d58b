// @vitest-environment jsdom
import { nullTranslator } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { act, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LabdeckError } from '../../../labextension/src/client/errors';
import { SearchBox } from '../../../labextension/src/search/box';
import { SearchModel } from '../../../labextension/src/search/model';
import type { Suggestions } from '../../../labextension/src/wire';

let model: SearchModel;
let box: SearchBox;
let left: number;
let answer: Suggestions;

beforeEach(async () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  vi.stubGlobal('requestIdleCallback', (call: () => void) => {
    call();
    return 0;
  });
  Element.prototype.scrollIntoView = () => undefined;
  left = 0;
  answer = { start: 0, end: 0, items: [] };
  model = new SearchModel(() => Promise.resolve(answer));
  const trans = nullTranslator.load('labdeck');
  const onLeave = (): void => {
    left++;
  };
  await act(async () => {
    box = new SearchBox({ model, trans, onLeave }, () => null);
    Widget.attach(box, document.body);
    MessageLoop.flush();
    await Promise.resolve();
  });
});

afterEach(() => {
  act(() => box.dispose());
  model.dispose();
  vi.unstubAllGlobals();
});

function input(): HTMLInputElement {
  return screen.getByRole('combobox');
}

async function type(text: string): Promise<void> {
  await act(async () => {
    fireEvent.change(input(), { target: { value: text } });
    await Promise.resolve();
  });
}

function press(key: string): void {
  act(() => void fireEvent.keyDown(input(), { key }));
}

describe('completion', () => {
  beforeEach(async () => {
    answer = {
      start: 0,
      end: 2,
      items: [
        { text: 'metrics.acc', kind: 'field' },
        { text: 'metrics.loss', kind: 'field' }
      ]
    };
    await type('me');
  });

  it('is moved through by arrows and taken by Enter or Tab', async () => {
    const options = screen.getAllByRole('option');
    expect(options.map(option => option.textContent)).toEqual([
      'metrics.accfield',
      'metrics.lossfield'
    ]);
    expect(input().getAttribute('aria-expanded')).toBe('true');
    press('ArrowDown');
    press('ArrowDown');
    expect(input().getAttribute('aria-activedescendant')).toBe(options[1].id);
    await act(async () => {
      fireEvent.keyDown(input(), { key: 'Enter' });
      await Promise.resolve();
    });
    expect(input().value).toBe('metrics.loss ');
    expect(input().selectionStart).toBe(13);
  });

  it('is closed by Escape, which then clears the box', () => {
    press('Escape');
    expect(screen.queryByRole('listbox')).toBeNull();
    expect(input().value).toBe('me');
    press('Escape');
    expect(input().value).toBe('');
  });

  it('is not taken by Enter unless one was chosen', () => {
    press('Enter');
    expect(input().value).toBe('me');
    expect(model.query.query).toBe('name ~ "me"');
    press('ArrowDown');
    expect(left).toBe(1);
  });
});

describe('an error', () => {
  it('is told below the box, with its character marked', async () => {
    await type('metrics.acc > > 1');
    press('Enter');
    const problem = 'a value was expected';
    act(() => {
      model.problem = new LabdeckError('query', problem, 'write 0.9', 400, 14);
    });
    expect(screen.getByRole('alert').textContent).toContain(problem);
    expect(document.querySelector('mark')?.textContent).toBe('>');
    expect(document.querySelector('pre')?.textContent).toBe(
      'metrics.acc > > 1'
    );
    expect(input().getAttribute('aria-invalid')).toBe('true');
    await type('metrics.acc > 1');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('at the end of a query is marked there', async () => {
    await type('😀 = ');
    press('Enter');
    act(() => {
      model.problem = new LabdeckError('query', 'ends', '', 400, 4);
    });
    expect(document.querySelector('mark')?.textContent).toBe('\u00a0');
  });
});

describe('the help', () => {
  it('opens by a question mark in an empty box, and its examples are asked', () => {
    press('?');
    const example = screen.getByText('state = failed');
    act(() => void fireEvent.click(example));
    expect(model.query.query).toBe('state = failed');
    expect(input().value).toBe('state = failed');
    expect(screen.getByRole('region')).toBeTruthy();
    press('Escape');
    expect(screen.queryByRole('region')).toBeNull();
  });

  it('stays away while a query is typed', async () => {
    await type('name = what');
    press('?');
    expect(screen.queryByRole('region')).toBeNull();
  });
});
