import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { parentOf } from './modules';

/** Which module map and network are narrowed to, and the way back to those around it. */
export function Within(props: {
  path: string;
  trans: TranslationBundle;
  onChange: (path: string) => void;
}): React.ReactElement | null {
  const { path, trans, onChange } = props;
  if (path === '') {
    return null;
  }
  const above: string[] = [];
  for (let one = parentOf(path); one !== null; one = parentOf(one)) {
    above.unshift(one);
  }
  return (
    <nav className="jp-Labdeck-within" aria-label={trans.__('Shown module')}>
      <button
        type="button"
        className="jp-Labdeck-link"
        onClick={() => onChange('')}
      >
        {trans.__('the whole model')}
      </button>
      {above.map(one => (
        <React.Fragment key={one}>
          <span aria-hidden="true">›</span>
          <button
            type="button"
            className="jp-Labdeck-link"
            onClick={() => onChange(one)}
          >
            {lastPart(one)}
          </button>
        </React.Fragment>
      ))}
      <span aria-hidden="true">›</span>
      <strong aria-current="location" title={path}>
        {lastPart(path)}
      </strong>
    </nav>
  );
}

/** What a module is called within the one around it. */
export function lastPart(path: string): string {
  return path.slice((parentOf(path)?.length ?? -1) + 1);
}
