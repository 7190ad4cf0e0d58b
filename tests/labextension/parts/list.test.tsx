// @vitest-environment jsdom
import {
  act,
  cleanup,
  fireEvent,
  render,
  screen
} from '@testing-library/react';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { VirtualList } from '../../../labextension/src/parts/VirtualList';

const HEIGHT = 24;
const VISIBLE = 10;

/** jsdom lays nothing out: give the list a height, and report it once. */
class Observer {
  observe(): void {
    // the first measurement is made without it
  }
  disconnect(): void {
    // nothing was observed
  }
}

let moved: string[];
let engaged: boolean[];
let seen: [number, number][];

function rowKey(row: string): string {
  return row;
}

function List(props: { rows: string[]; start?: string }): React.ReactElement {
  const [active, setActive] = React.useState<string | null>(
    props.start ?? null
  );
  const onVisible = React.useCallback((first: number, last: number) => {
    seen.push([first, last]);
  }, []);
  return (
    <VirtualList
      label="things"
      rows={props.rows}
      rowKey={rowKey}
      rowProps={() => ({})}
      renderRow={row => row}
      active={active}
      onMove={(row, extend) => {
        moved.push(extend ? `+${row}` : row);
        setActive(row);
      }}
      onKey={event => void moved.push(event.key)}
      onClick={(_, row) => setActive(row)}
      onDoubleClick={() => undefined}
      onContextMenu={row => void moved.push(`menu ${row}`)}
      onVisible={onVisible}
      onEngaged={now => void engaged.push(now)}
    />
  );
}

function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `row ${from + index}`);
}

/** Where a row is on the screen, counted from the top of the list. */
function place(row: string): number {
  const element = screen.getByText(row);
  return parseFloat(element.style.top) - screen.getByRole('tree').scrollTop;
}

beforeEach(() => {
  [moved, engaged, seen] = [[], [], []];
  vi.stubGlobal('ResizeObserver', Observer);
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(
    HEIGHT * VISIBLE
  );
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('a windowed list', () => {
  it('leaves the choice to the click where a press brings the focus', () => {
    render(<List rows={numbers(100)} />);
    const list = screen.getByRole('tree');
    list.scrollTop = 50 * HEIGHT;
    fireEvent.scroll(list);
    const wanted = screen.getByText('row 53');
    fireEvent.pointerDown(wanted);
    act(() => list.focus());
    expect(moved).toEqual([]);
    expect(list.scrollTop).toBe(50 * HEIGHT);
    fireEvent.click(wanted);
    expect(wanted.className).toContain('jp-mod-active');
  });

  it('chooses the first row where a key brings the focus, after a press, too', () => {
    render(<List rows={numbers(100)} />);
    const list = screen.getByRole('tree');
    fireEvent.pointerDown(list);
    act(() => list.focus());
    act(() => list.blur());
    act(() => list.focus());
    expect(moved).toEqual(['row 0']);
  });

  it('draws only what is in sight, of ten thousand rows', () => {
    render(<List rows={numbers(10_000)} />);
    expect(screen.getAllByRole('treeitem').length).toBeLessThan(30);
    const list = screen.getByRole('tree');
    list.scrollTop = 5000 * HEIGHT;
    fireEvent.scroll(list);
    expect(screen.getByText('row 5000')).toBeDefined();
    expect(screen.getAllByRole('treeitem').length).toBeLessThan(40);
    const [first, last] = seen[seen.length - 1];
    expect(first).toBeLessThanOrEqual(5000);
    expect(last).toBeGreaterThanOrEqual(5000 + VISIBLE);
  });

  it('moves by keys, names the active row, and keeps it in sight', () => {
    render(<List rows={numbers(100)} />);
    const list = screen.getByRole('tree');
    fireEvent.focus(list);
    for (const key of ['ArrowDown', 'End', 'PageUp', 'Home', 'ArrowUp']) {
      fireEvent.keyDown(list, { key });
    }
    expect(moved).toEqual([
      'row 0',
      'row 1',
      'row 99',
      'row 90',
      'row 0',
      'row 0'
    ]);
    fireEvent.keyDown(list, { key: 'End', shiftKey: true });
    expect(moved[6]).toBe('+row 99');
    expect(list.scrollTop).toBe((100 - VISIBLE) * HEIGHT);
    const named = document.getElementById(
      list.getAttribute('aria-activedescendant')!
    );
    expect(named?.textContent).toBe('row 99');
  });

  it('keeps the active row in the page when it is scrolled out of sight', () => {
    render(<List rows={numbers(1000)} start="row 3" />);
    const list = screen.getByRole('tree');
    list.scrollTop = 900 * HEIGHT;
    fireEvent.scroll(list);
    expect(screen.getByText('row 3')).toBeDefined();
  });

  it('hands on the keys it has no use for, and none from a box within', () => {
    render(<List rows={numbers(5)} start="row 2" />);
    const list = screen.getByRole('tree');
    fireEvent.keyDown(list, { key: 'Enter' });
    fireEvent.keyDown(list, { key: 'ArrowDown', ctrlKey: true });
    fireEvent.keyDown(screen.getByText('row 2'), { key: 'Delete' });
    expect(moved).toEqual(['Enter', 'ArrowDown']);
  });

  it('opens the menu of the active row by keyboard', () => {
    render(<List rows={numbers(5)} start="row 2" />);
    fireEvent.contextMenu(screen.getByRole('tree'));
    expect(moved).toEqual(['menu row 2']);
  });

  it('says when the reader is in it', () => {
    render(<List rows={numbers(5)} start="row 2" />);
    const list = screen.getByRole('tree');
    fireEvent.pointerEnter(list);
    fireEvent.focus(list);
    fireEvent.pointerLeave(list);
    fireEvent.blur(list);
    expect(engaged).toEqual([true, true, true, false]);
  });
});

describe('rows that come and go', () => {
  it('leave the row under the pointer where it is', () => {
    const { rerender } = render(<List rows={numbers(5)} />);
    fireEvent.pointerMove(screen.getByText('row 2'));
    const before = place('row 2');
    rerender(<List rows={['new', ...numbers(5)]} />);
    expect(place('row 2')).toBe(before);
    rerender(<List rows={['newer', 'new', ...numbers(5)]} />);
    expect(place('row 2')).toBe(before);
  });

  it('leave the active row where it is while the list has the focus', () => {
    const { rerender } = render(<List rows={numbers(5)} start="row 4" />);
    const list = screen.getByRole('tree');
    list.focus();
    fireEvent.keyDown(list, { key: 'ArrowUp' });
    const before = place('row 3');
    rerender(<List rows={['new', ...numbers(5)]} start="row 3" />);
    expect(place('row 3')).toBe(before);
  });

  it('leave what is in sight of a scrolled list where it is', () => {
    const { rerender } = render(<List rows={numbers(100)} />);
    const list = screen.getByRole('tree');
    list.scrollTop = 50 * HEIGHT;
    fireEvent.scroll(list);
    rerender(<List rows={['new', ...numbers(100)]} />);
    expect(place('row 50')).toBe(0);
  });

  it('take back the room they were given once pointer and focus have left', () => {
    const { rerender } = render(<List rows={numbers(5)} />);
    const list = screen.getByRole('tree');
    const content = list.firstElementChild as HTMLElement;
    fireEvent.pointerEnter(list);
    act(() => list.focus());
    fireEvent.pointerMove(screen.getByText('row 2'));
    rerender(<List rows={['new', ...numbers(5)]} />);
    expect(content.style.minHeight).toBe(`${HEIGHT * (VISIBLE + 1)}px`);
    fireEvent.pointerLeave(list);
    expect(content.style.minHeight).not.toBe('');
    act(() => list.blur());
    expect(content.style.minHeight).toBe('');
  });

  it('show at the top when nobody is there', () => {
    const { rerender } = render(<List rows={numbers(5)} />);
    const list = screen.getByRole('tree');
    fireEvent.pointerMove(screen.getByText('row 2'));
    fireEvent.pointerLeave(list);
    rerender(<List rows={['new', ...numbers(5)]} />);
    expect(place('new')).toBe(0);
  });
});
