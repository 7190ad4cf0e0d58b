import * as React from 'react';

import { type IAnchor, useAnchor } from './anchor';
import type { IVirtualListProps } from './listProps';
import { useReader } from './listReader';
import { useReveal, useSize, windowOf } from './listSize';

/** A tree of rows of equal height, of which only those in sight exist; the arrow keys move through it. */
export function VirtualList<Row>(
  props: IVirtualListProps<Row>
): React.ReactElement {
  const { rows, rowKey, active, onVisible } = props;
  const root = React.useRef<HTMLDivElement>(null);
  const id = React.useId();
  const size = useSize(root);
  const [top, setTop] = React.useState(0);
  const keys = React.useMemo(() => rows.map(rowKey), [rows, rowKey]);
  const anchor = useAnchor(root, keys, size.row, active);
  const activeIndex = active === null ? -1 : keys.indexOf(active);
  const { first, last, shown } = windowOf(rows.length, top, size, activeIndex);
  useReveal(root, activeIndex, active, size.row);
  React.useEffect(() => onVisible(first, last), [onVisible, first, last]);
  const reader = useReader(props, anchor, activeIndex, size, setTop);
  const rowId = (index: number): string =>
    `${id}-${encodeURIComponent(keys[index])}`;
  return (
    <div
      ref={root}
      className="jp-Labdeck-list"
      role={props.isFlat ? 'listbox' : 'tree'}
      aria-label={props.label}
      aria-multiselectable={props.isFlat || props.isSingle ? undefined : 'true'}
      aria-activedescendant={activeIndex >= 0 ? rowId(activeIndex) : undefined}
      tabIndex={0}
      {...reader}
    >
      <div
        className="jp-Labdeck-list-content"
        role="presentation"
        style={{ height: rows.length * size.row }}
      >
        {shown.map(index => (
          <RowBox
            key={keys[index]}
            id={rowId(index)}
            row={rows[index]}
            top={index * size.row}
            height={size.row}
            isActive={index === activeIndex}
            list={props}
            anchor={anchor}
          />
        ))}
      </div>
      <div className="jp-Labdeck-list-probe" aria-hidden="true" />
    </div>
  );
}

function RowBox<Row>(props: {
  id: string;
  row: Row;
  top: number;
  height: number;
  isActive: boolean;
  list: IVirtualListProps<Row>;
  anchor: IAnchor;
}): React.ReactElement {
  const { row, list, anchor } = props;
  const own = list.rowProps(row);
  const active = props.isActive ? ' jp-mod-active' : '';
  return (
    <div
      {...own}
      id={props.id}
      role={list.isFlat ? 'option' : 'treeitem'}
      className={`jp-Labdeck-row ${own.className ?? ''}${active}`}
      style={{ ...own.style, top: props.top, height: props.height }}
      onClick={event => list.onClick(event, row)}
      onDoubleClick={event => list.onDoubleClick(event, row)}
      onContextMenu={() => list.onContextMenu(row)}
      onPointerMove={() => anchor.hover(list.rowKey(row))}
    >
      {list.renderRow(row)}
    </div>
  );
}
