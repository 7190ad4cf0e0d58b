/** How a tensor or module fares: told by shape and by colour. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { TensorRow } from '../wire';

/** The worst that an open finding says. */
export type Health = TensorRow['health'];

const SHAPES: Readonly<Record<Health, React.ReactElement>> = {
  ok: <circle cx="6" cy="6" r="2.5" />,
  info: (
    <path d="M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1zm-.6 2h1.2v1.2H5.4zm0 2h1.2v4H5.4z" />
  ),
  warning: <path d="M6 1L11.5 11H.5zM5.4 4.5v3h1.2v-3zm0 4v1.2h1.2V8.5z" />,
  error: (
    <path d="M2.5 1L6 4.5 9.5 1 11 2.5 7.5 6 11 9.5 9.5 11 6 7.5 2.5 11 1 9.5 4.5 6 1 2.5z" />
  )
};

/** The word for a health. */
export function healthLabel(health: Health, trans: TranslationBundle): string {
  switch (health) {
    case 'ok':
      return trans.__('no finding');
    case 'info':
      return trans.__('a remark');
    case 'warning':
      return trans.__('a warning');
    case 'error':
      return trans.__('an error');
  }
}

/** A sign for a health. */
export function HealthIcon(props: {
  health: Health;
  trans: TranslationBundle;
}): React.ReactElement {
  const label = healthLabel(props.health, props.trans);
  return (
    <svg
      className="jp-Labdeck-health"
      data-health={props.health}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      {SHAPES[props.health]}
    </svg>
  );
}
