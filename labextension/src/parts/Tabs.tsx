import * as React from 'react';

/** One of the faces of a panel. */
export interface ITab<Id extends string> {
  id: Id;
  label: string;
  /** How many things are behind it; shown where given. */
  count?: number;
}

/** A row of tabs; the arrow keys move between them. The panel belonging to it has the id `<prefix>-panel`. */
export function Tabs<Id extends string>(props: {
  label: string;
  /** Makes the ids of the elements unique in the page. */
  prefix: string;
  tabs: readonly ITab<Id>[];
  current: Id;
  onSelect: (tab: Id) => void;
}): React.ReactElement {
  const { tabs, current, onSelect, prefix } = props;
  const list = React.useRef<HTMLDivElement>(null);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const index = tabs.findIndex(tab => tab.id === current);
    const target = tabs[moved(index, event.key, tabs.length)];
    if (target.id !== current) {
      event.preventDefault();
      onSelect(target.id);
      list.current
        ?.querySelectorAll<HTMLElement>('[role="tab"]')
        .item(tabs.indexOf(target))
        .focus();
    }
  };

  return (
    <div
      ref={list}
      className="jp-Labdeck-tabs"
      role="tablist"
      aria-label={props.label}
      onKeyDown={onKeyDown}
    >
      {tabs.map(tab => (
        <Tab
          key={tab.id}
          tab={tab}
          prefix={prefix}
          selected={tab.id === current}
          onSelect={() => onSelect(tab.id)}
        />
      ))}
    </div>
  );
}

function Tab(props: {
  tab: ITab<string>;
  prefix: string;
  selected: boolean;
  onSelect: () => void;
}): React.ReactElement {
  const { tab, prefix, selected } = props;
  return (
    <button
      id={`${prefix}-${tab.id}`}
      type="button"
      role="tab"
      className="jp-Labdeck-tab"
      aria-selected={selected}
      aria-controls={`${prefix}-panel`}
      tabIndex={selected ? 0 : -1}
      onClick={props.onSelect}
    >
      {tab.label}
      {tab.count !== undefined && (
        <span className="jp-Labdeck-tab-count">{tab.count}</span>
      )}
    </button>
  );
}

function moved(index: number, key: string, length: number): number {
  switch (key) {
    case 'ArrowRight':
      return (index + 1) % length;
    case 'ArrowLeft':
      return (index + length - 1) % length;
    case 'Home':
      return 0;
    case 'End':
      return length - 1;
    default:
      return index;
  }
}
