/**
 * Reading the page of a report: what it says becomes texts, tables and figures, and nothing of its HTML is shown. So a
 * page that somebody else put into the store can do no more than a text can.
 */
import type { IFigure } from '#plotly';

/** A paragraph: plain, advice, or a verdict. */
export interface IText {
  type: 'text';
  tone: 'plain' | 'advice' | 'good' | 'bad';
  text: string;
}

/** A table; columns of numbers are told from others. */
export interface ITable {
  type: 'table';
  columns: readonly string[];
  numeric: readonly boolean[];
  rows: readonly (readonly string[])[];
  caption: string;
}

/** A figure of plotly. */
export interface IDrawn {
  type: 'figure';
  figure: IFigure;
  caption: string;
}

export type Part = IText | ITable | IDrawn;

export interface ISection {
  title: string;
  parts: readonly Part[];
}

export interface IReport {
  title: string;
  sections: readonly ISection[];
}

/** Return what a page says; null where it is no report. */
export function readReport(html: string): IReport | null {
  // A document that is parsed so runs nothing and fetches nothing.
  const page = new DOMParser().parseFromString(html, 'text/html');
  const sections = [...page.querySelectorAll('body > section')].map(each => ({
    title: textOf(each.querySelector('h2')),
    parts: [...each.children].flatMap(child => readPart(child, page) ?? [])
  }));
  const title = textOf(page.querySelector('body > h1'));
  return title === '' || sections.length === 0 ? null : { title, sections };
}

function readPart(element: Element, page: Document): Part | null {
  switch (element.tagName) {
    case 'P':
      return { type: 'text', tone: toneOf(element), text: textOf(element) };
    case 'DIV': {
      const table = element.querySelector('table');
      return table && readTable(table);
    }
    case 'FIGURE':
      return readFigure(element, page);
    default:
      return null;
  }
}

function toneOf(element: Element): IText['tone'] {
  const tones = ['advice', 'good', 'bad'] as const;
  return tones.find(tone => element.classList.contains(tone)) ?? 'plain';
}

function readTable(table: Element): ITable {
  const heads = [...table.querySelectorAll('thead th')];
  return {
    type: 'table',
    columns: heads.map(textOf),
    numeric: heads.map(head => head.classList.contains('n')),
    rows: [...table.querySelectorAll('tbody tr')].map(row =>
      [...row.children].map(textOf)
    ),
    caption: textOf(table.querySelector('caption'))
  };
}

function readFigure(element: Element, page: Document): IDrawn | null {
  const place = element.querySelector<HTMLElement>('[data-plot]');
  const kept = page.getElementById(place?.dataset.plot ?? '')?.textContent;
  try {
    const figure = JSON.parse(kept ?? '') as Partial<IFigure> | null;
    return figure && Array.isArray(figure.data)
      ? {
          type: 'figure',
          figure: figure as IFigure,
          caption: textOf(element.querySelector('figcaption'))
        }
      : null;
  } catch {
    return null;
  }
}

function textOf(element: Element | null): string {
  return element?.textContent.trim() ?? '';
}
