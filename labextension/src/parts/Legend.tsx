import * as React from 'react';

import { Swatch } from './Picker';

/** A colour and what it stands for. */
export interface ILegendEntry {
  id: string;
  name: string;
  colour: string;
}

/** Says which colour stands for what. */
export function Legend(props: {
  entries: readonly ILegendEntry[];
}): React.ReactElement {
  return (
    <ul className="jp-Labdeck-legend">
      {props.entries.map(({ id, name, colour }) => (
        <li key={id} title={name}>
          <Swatch colour={colour} />
          <span>{name}</span>
        </li>
      ))}
    </ul>
  );
}
