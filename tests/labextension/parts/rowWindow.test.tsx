// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { runsOf } from '../../../labextension/src/parts/rowWindow';
import { type IColumn, Table } from '../../../labextension/src/parts/Table';

// jsdom lays nothing out, and so has no observer of sizes.
beforeEach(() => {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = (): void => undefined;
      disconnect = (): void => undefined;
    }
  );
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('the runs of a windowed table', () => {
  it('hold exactly the rows in sight, pinned or with the focus, in order', () => {
    for (let first = 0; first < 9; first++) {
      for (let end = first; end < 11; end++) {
        for (let pinned = 0; pinned < 3; pinned++) {
          for (let active = -1; active < 8; active++) {
            const runs = runsOf({ first, end }, 8, pinned, active);
            const wanted = [...Array(8).keys()].filter(
              row =>
                row < pinned || row === active || (row >= first && row < end)
            );
            const found = runs.flatMap(([a, b]) =>
              [...Array(b - a).keys()].map(step => a + step)
            );
            expect(found).toEqual(wanted);
            expect(runs.every(([a, b]) => a < b)).toBe(true);
          }
        }
      }
    }
  });
});

describe('a windowed table', () => {
  const drawn = vi.fn((row: number) => String(row));
  const columns: IColumn<number>[] = [
    { id: 'a', label: 'a', width: 6, render: drawn },
    { id: 'b', label: 'b', width: 8, render: row => row * 2 }
  ];
  const rows = [...Array(1000).keys()];
  const table = (
    more: Partial<React.ComponentProps<typeof Table<number>>> = {}
  ): React.ReactElement => (
    <div className="jp-Labdeck-scroll">
      <Table
        label="numbers"
        windowed
        columns={columns}
        rows={rows}
        rowId={String}
        {...more}
      />
    </div>
  );
  const places = (): string[] =>
    [...document.querySelectorAll('tbody tr[aria-rowindex]')].map(
      row => row.getAttribute('aria-rowindex') ?? ''
    );

  it('draws the rows in sight and tells how many there are', () => {
    render(table());
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('1001');
    expect(places().length).toBeLessThan(100);
    expect(places()[0]).toBe('2');
    const gap = document.querySelector<HTMLElement>('tr[aria-hidden] td')!;
    expect(parseInt(gap.style.height)).toBe((1000 - places().length) * 24);
  });

  it('draws others when it is scrolled, and keeps pinned ones', () => {
    const { container } = render(table({ pinned: 1 }));
    const scroller = container.firstElementChild!;
    scroller.scrollTop = 500 * 24;
    fireEvent.scroll(scroller);
    expect(places()[0]).toBe('2');
    expect(places()).toContain('502');
    expect(places()).not.toContain('40');
  });

  it('draws the columns in sight, and takes the focus to one that was not', () => {
    const wide: IColumn<number>[] = [...Array(200).keys()].map(place => ({
      id: String(place),
      label: `column ${place}`,
      width: 8,
      render: row => `${row} ${place}`
    }));
    render(table({ columns: wide, rows: [0, 1] }));
    const cells = (): number =>
      document.querySelectorAll('tbody [aria-colindex]').length;
    expect(cells()).toBeLessThan(100);
    const spans = [...document.querySelectorAll('tbody tr:first-child td')].map(
      cell => (cell as HTMLTableCellElement).colSpan
    );
    expect(spans.reduce((sum, span) => sum + span, 0)).toBe(200);
    const cell = document.querySelector<HTMLElement>('tbody td')!;
    cell.focus();
    fireEvent.keyDown(cell, { key: 'End' });
    expect(document.activeElement?.textContent).toBe('0 199');
    fireEvent.keyDown(document.activeElement!, { key: 'ArrowDown' });
    expect(document.activeElement?.textContent).toBe('1 199');
  });

  it('takes the focus to a row that was not drawn', () => {
    render(table());
    const cell = document.querySelector<HTMLElement>('tbody td')!;
    cell.focus();
    fireEvent.keyDown(cell, { key: 'End', ctrlKey: true });
    expect(document.activeElement?.textContent).toBe('1998');
    fireEvent.keyDown(document.activeElement!, { key: 'Home', ctrlKey: true });
    expect(document.activeElement?.textContent).toContain('a');
  });

  it('does not draw again what has not changed', () => {
    const { rerender } = render(table());
    const before = drawn.mock.calls.length;
    rerender(table());
    expect(drawn.mock.calls.length).toBe(before);
    rerender(table({ columns: [...columns] }));
    expect(drawn.mock.calls.length).toBeGreaterThan(before);
  });

  it('opens and closes rows of a tree by keys', () => {
    const onToggle = vi.fn();
    const onOpen = vi.fn();
    render(
      table({
        rows: [1, 10, 11],
        tree: row => (row === 1 ? { level: 1, expanded: true } : { level: 2 }),
        onToggle,
        onOpen
      })
    );
    const cell = (text: string): HTMLElement =>
      screen.getByRole('gridcell', { name: text });
    expect(screen.getByRole('treegrid')).toBeTruthy();
    const [group, member] = [cell('1'), cell('10')];
    expect(group.parentElement?.getAttribute('aria-expanded')).toBe('true');
    expect(member.parentElement?.getAttribute('aria-level')).toBe('2');
    expect(member.parentElement?.hasAttribute('aria-expanded')).toBe(false);
    fireEvent.keyDown(group, { key: ' ' });
    fireEvent.doubleClick(group);
    fireEvent.doubleClick(member);
    expect(onToggle.mock.calls).toEqual([[1]]);
    expect(onOpen.mock.calls).toEqual([[10]]);
  });
});
