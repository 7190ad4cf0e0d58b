/** The words of a lineage in the reader's language. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { LineageEdge, LineageNode } from '../wire';

/** How one node led to another. */
export function associationLabel(
  association: LineageEdge['association'],
  trans: TranslationBundle
): string {
  switch (association) {
    case 'ContributedTo':
      return trans.__('contributed to');
    case 'AssociatedWith':
      return trans.__('associated with');
    case 'DerivedFrom':
      return trans.__('is the origin of');
    case 'Produced':
      return trans.__('produced');
    case 'SameAs':
      return trans.__('is the same as');
  }
}

/** What sort of thing a node is; the narrower word that people gave it stays as it is. */
export function kindLabel(node: LineageNode, trans: TranslationBundle): string {
  switch (node.kind) {
    case 'trial':
      return trans.__('trial');
    case 'artifact':
      return node.type || trans.__('artifact');
    case 'action':
      return node.type || trans.__('action');
    case 'context':
      return node.type || trans.__('context');
  }
}
