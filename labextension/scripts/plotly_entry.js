/* The part of plotly.js that the figures use, bundled into lib/vendor/plotly.js by `jlpm build:plotly`. */
import Plotly from 'plotly.js/lib/core';
import bar from 'plotly.js/lib/bar';
import box from 'plotly.js/lib/box';
import contour from 'plotly.js/lib/contour';
import heatmap from 'plotly.js/lib/heatmap';
import histogram from 'plotly.js/lib/histogram';
import parcoords from 'plotly.js/lib/parcoords';

// scatter is part of the core
Plotly.register([bar, box, contour, heatmap, histogram, parcoords]);

export default Plotly;
