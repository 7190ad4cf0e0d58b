/* What the platform's modules expect of a browser and jsdom does not have; each is needed at import time. */

if (typeof window !== 'undefined') {
  // @lumino/dragdrop derives a class from it
  window.DragEvent = class extends MouseEvent {} as typeof DragEvent;

  // @jupyter/web-components asks for the colour scheme; no query matches here
  window.matchMedia = (media: string) =>
    Object.assign(new EventTarget(), {
      media,
      matches: false,
      onchange: null,
      addListener: () => undefined,
      removeListener: () => undefined
    });
}

export {};
