/* The part of plotly.js that the figures use, bundled into lib/vendor/plotly.js by `jlpm build:plotly`. */
import Plotly from 'plotly.js/lib/core';
import bar from 'plotly.js/lib/bar';
import heatmap from 'plotly.js/lib/heatmap';
import histogram from 'plotly.js/lib/histogram';
import parcoords from 'plotly.js/lib/parcoords';

// scatter is part of the core
Plotly.register([bar, heatmap, histogram, parcoords]);

export default Plotly;
