// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { moveCell } from '../../../labextension/src/parts/gridKeys';
import { SortedTable } from '../../../labextension/src/parts/SortedTable';
import { nextSort, sortRows } from '../../../labextension/src/parts/sorting';
import { keepOrder } from '../../../labextension/src/parts/steady';
import { type IColumn, Table } from '../../../labextension/src/parts/Table';

interface IRow {
  id: string;
  size: number | null;
}

const ROWS: IRow[] = [
  { id: 'b', size: 2 },
  { id: '<img src=x onerror=alert(1)>', size: null },
  { id: 'a', size: 10 }
];

const COLUMNS: IColumn<IRow>[] = [
  { id: 'id', label: 'name', value: row => row.id, render: row => row.id },
  {
    id: 'size',
    label: 'size',
    numeric: true,
    value: row => row.size,
    render: row => String(row.size)
  }
];

afterEach(cleanup);

function firstColumn(): (string | undefined)[] {
  return [...document.querySelectorAll<HTMLTableRowElement>('tbody tr')].map(
    row => row.cells[1].textContent
  );
}

describe('sorting', () => {
  const values = (items: (number | string | null)[], down = false): unknown[] =>
    sortRows(items, item => item, down);

  it('puts what is absent last, both ways', () => {
    expect(values([2, null, NaN, 1])).toEqual([1, 2, null, NaN]);
    expect(values([2, null, NaN, 1], true)).toEqual([2, 1, null, NaN]);
  });

  it('orders infinities, numbers in names, and columns that mix kinds', () => {
    expect(values([Infinity, 0, -Infinity])).toEqual([-Infinity, 0, Infinity]);
    expect(values(['cnn-10', 'cnn-9'])).toEqual(['cnn-9', 'cnn-10']);
    expect(values(['x', 3, 'a', 1])).toEqual([1, 3, 'a', 'x']);
  });

  it('leaves equals in their places', () => {
    const rows = ['b1', 'a1', 'b2', 'a2'];
    const letter = (row: string): string => row[0];
    expect(sortRows(rows, letter, false)).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(sortRows(rows, letter, true)).toEqual(['b1', 'b2', 'a1', 'a2']);
  });

  it('goes up, down and away', () => {
    const up = nextSort(null, 'x');
    const down = nextSort(up, 'x');
    expect(up).toEqual({ column: 'x', descending: false });
    expect(down).toEqual({ column: 'x', descending: true });
    expect(nextSort(down, 'x')).toBeNull();
    expect(nextSort(down, 'y')).toEqual({ column: 'y', descending: false });
  });

  it('holds an order still, new rows last', () => {
    const kept = keepOrder(['c', 'new', 'a'], row => row, ['a', 'gone', 'c']);
    expect(kept).toEqual(['a', 'c', 'new']);
  });
});

describe('the keys of a grid', () => {
  it('stay inside', () => {
    const at = { row: 0, column: 0 };
    expect(moveCell(at, 'ArrowUp', false, 3, 2)).toEqual({
      row: -1,
      column: 0
    });
    expect(moveCell(at, 'ArrowLeft', false, 3, 2)).toEqual(at);
    expect(moveCell(at, 'PageDown', false, 3, 2)).toEqual({
      row: 2,
      column: 0
    });
    expect(moveCell(at, 'End', true, 3, 2)).toEqual({ row: 2, column: 1 });
    expect(moveCell(at, 'Home', true, 3, 2)).toEqual({ row: -1, column: 0 });
    expect(moveCell(at, 'x', false, 3, 2)).toBeNull();
  });
});

describe('a table', () => {
  const show = (more: object = {}): void => {
    render(
      <Table
        label="things"
        columns={COLUMNS}
        rows={ROWS}
        rowId={row => row.id}
        {...more}
      />
    );
  };
  const cell = (name: string): HTMLElement =>
    screen.getByRole('gridcell', { name });

  it('shows names as text', () => {
    show();
    expect(cell('<img src=x onerror=alert(1)>')).toBeTruthy();
    expect(document.querySelector('img')).toBeNull();
  });

  it('has one cell that Tab leads to, and arrow keys move it', () => {
    show();
    expect(document.querySelectorAll('[tabindex="0"]')).toHaveLength(1);
    cell('b').focus();
    fireEvent.keyDown(cell('b'), { key: 'ArrowRight' });
    expect(document.activeElement).toBe(cell('2'));
    fireEvent.keyDown(cell('2'), { key: 'End', ctrlKey: true });
    expect(document.activeElement).toBe(cell('10'));
    expect(cell('10').tabIndex).toBe(0);
    expect(document.querySelectorAll('[tabindex="0"]')).toHaveLength(1);
  });

  it('opens, removes and asks for a menu by keys', () => {
    const onOpen = vi.fn();
    const onRemove = vi.fn();
    const onRowMenu = vi.fn();
    show({ onOpen, onRemove, onRowMenu });
    fireEvent.keyDown(cell('a'), { key: 'Enter' });
    fireEvent.keyDown(cell('a'), { key: 'Delete' });
    fireEvent.keyDown(cell('a'), { key: 'F10', shiftKey: true });
    expect(onOpen).toHaveBeenCalledWith(ROWS[2]);
    expect(onRemove).toHaveBeenCalledWith(ROWS[2]);
    expect(onRowMenu).toHaveBeenCalledWith(ROWS[2], 0, 0);
  });

  it('leaves keys alone that it has no use for', () => {
    const outside = vi.fn();
    document.addEventListener('keydown', outside);
    show();
    fireEvent.keyDown(cell('a'), { key: 'Enter' });
    fireEvent.keyDown(cell('a'), { key: 'ArrowUp' });
    document.removeEventListener('keydown', outside);
    expect(outside).toHaveBeenCalledTimes(1);
  });

  it('sorts by a click on the head and says so', () => {
    render(
      <SortedTable
        label="things"
        columns={COLUMNS}
        rows={ROWS}
        rowId={row => row.id}
      />
    );
    const head = screen.getByRole('columnheader', { name: /size/ });
    expect(head.getAttribute('aria-sort')).toBe('none');
    fireEvent.click(head);
    expect(firstColumn()).toEqual(['2', '10', 'null']);
    expect(head.getAttribute('aria-sort')).toBe('ascending');
    fireEvent.keyDown(head, { key: 'Enter' });
    expect(firstColumn()).toEqual(['10', '2', 'null']);
    expect(head.getAttribute('aria-sort')).toBe('descending');
  });

  it('lets no row change places while the pointer is among them', () => {
    const table = (size: number): React.ReactElement => (
      <SortedTable
        label="things"
        columns={COLUMNS}
        rows={[{ id: 'a', size }, ROWS[0]]}
        rowId={row => row.id}
      />
    );
    const { rerender, container } = render(table(1));
    fireEvent.click(screen.getByRole('columnheader', { name: /size/ }));
    expect(firstColumn()).toEqual(['1', '2']);
    const box = container.firstElementChild!;
    fireEvent.pointerEnter(box);
    rerender(table(9));
    expect(firstColumn()).toEqual(['9', '2']);
    fireEvent.pointerLeave(box);
    expect(firstColumn()).toEqual(['2', '9']);
  });
});
