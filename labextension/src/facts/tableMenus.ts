/** The menus of a comparison's rows and columns. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IMenuLine } from '../parts/menu';
import { isOptional } from './columns';
import { DIFFERENCE, type TableModel, type TableRow } from './tableModel';

/** What the table can ask of whoever shows it. */
export interface IFactsTableProps {
  model: TableModel;
  trans: TranslationBundle;
  /** Show a trial's page. */
  onOpen: (trial: string) => void;
  /** Leave a trial out for now. */
  onHide: (trial: string) => void;
  /** Take a trial out of the comparison. */
  onRemove: (trial: string) => void;
}

/** What can be done with a trial or a group. */
export function rowMenu(
  props: IFactsTableProps,
  row: TableRow
): (IMenuLine | null)[] {
  const { model, trans } = props;
  if (row.kind === 'group') {
    const { key } = row.group;
    const label = row.open ? trans.__('Close Group') : trans.__('Open Group');
    return [{ label, onSelect: () => model.toggleGroup(key) }];
  }
  const { id } = row;
  return [
    { label: trans.__('Open Trial'), onSelect: () => props.onOpen(id) },
    {
      label: trans.__('Pin as Baseline'),
      isToggled: model.settings.baseline === id,
      onSelect: () => model.toggleBaseline(id)
    },
    null,
    { label: trans.__('Hide Trial'), onSelect: () => props.onHide(id) },
    {
      label: trans.__('Remove from Comparison'),
      onSelect: () => props.onRemove(id)
    }
  ];
}

/** What can be done with a column. */
export function columnMenu(
  { model, trans }: IFactsTableProps,
  id: string
): (IMenuLine | null)[] {
  const { sort, group } = model.settings;
  // The column of differences has the menu of the column beside it, and its own order.
  const own = id.startsWith(DIFFERENCE) ? id.slice(DIFFERENCE.length) : id;
  const column = model.columns.find(c => c.id === own);
  const order = (descending: boolean, label: string): IMenuLine => ({
    label,
    isToggled: sort?.column === id && sort.descending === descending,
    isEnabled: column !== undefined,
    onSelect: () => model.set({ sort: { column: id, descending } })
  });
  return [
    order(false, trans.__('Sort Ascending')),
    order(true, trans.__('Sort Descending')),
    {
      label: trans.__('Do Not Sort'),
      isEnabled: sort !== null,
      onSelect: () => model.set({ sort: null })
    },
    null,
    {
      label: trans.__('Group by This Column'),
      isToggled: group === own,
      isEnabled: column !== undefined && column.kind !== 'name',
      onSelect: () => model.set({ group: group === own ? null : own })
    },
    {
      label: trans.__('Hide Column'),
      isEnabled: column !== undefined && isOptional(column),
      onSelect: () => model.choose([own], false)
    }
  ];
}
