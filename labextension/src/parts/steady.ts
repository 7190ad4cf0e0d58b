import * as React from 'react';

/** Rows in an order that holds still, and what tells whether the reader is among them. */
export interface ISteadyRows<Row> {
  rows: readonly Row[];
  /** To be spread onto the element around the rows. */
  watch: Pick<
    React.HTMLAttributes<HTMLElement>,
    'onPointerEnter' | 'onPointerLeave' | 'onFocus' | 'onBlur'
  >;
}

/**
 * Keep rows in their places while the pointer or the focus is among them: new ones come last, none change places.
 *
 * @param wanted - The rows in the order they should have.
 * @param reason - When this changes, the reader asked for another order and gets it.
 */
export function useSteadyRows<Row>(
  wanted: readonly Row[],
  rowId: (row: Row) => string,
  reason: string
): ISteadyRows<Row> {
  const reader = React.useRef({ pointer: false, focus: false });
  const last = React.useRef({ reason, ids: [] as readonly string[] });
  const [, setTurn] = React.useState(0);
  const { pointer, focus } = reader.current;
  const held = (pointer || focus) && last.current.reason === reason;
  const rows = held ? keepOrder(wanted, rowId, last.current.ids) : wanted;

  React.useEffect(() => {
    last.current = { reason, ids: rows.map(rowId) };
  });

  const set = (change: Partial<typeof reader.current>): void => {
    Object.assign(reader.current, change);
    setTurn(turn => turn + 1);
  };
  return {
    rows,
    watch: {
      onPointerEnter: () => set({ pointer: true }),
      onPointerLeave: () => set({ pointer: false }),
      onFocus: () => {
        reader.current.focus = true;
      },
      onBlur: event => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          set({ focus: false });
        }
      }
    }
  };
}

/** Return rows in the order of earlier ids; rows that are new follow in their own order. */
export function keepOrder<Row>(
  rows: readonly Row[],
  rowId: (row: Row) => string,
  ids: readonly string[]
): Row[] {
  const place = new Map(ids.map((id, index) => [id, index]));
  const placeOf = (row: Row): number => place.get(rowId(row)) ?? ids.length;
  return [...rows].sort((a, b) => placeOf(a) - placeOf(b));
}
