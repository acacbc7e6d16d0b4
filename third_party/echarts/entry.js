// What the report page draws with: five chart forms on Cartesian axes, as SVG.
import {init, use} from 'echarts/core';
import {BarChart, CustomChart, HeatmapChart, LineChart} from 'echarts/charts';
import {GridComponent, LegendComponent, TooltipComponent, VisualMapContinuousComponent}
  from 'echarts/components';
import {SVGRenderer} from 'echarts/renderers';

use([BarChart, CustomChart, HeatmapChart, LineChart, GridComponent, LegendComponent,
     TooltipComponent, VisualMapContinuousComponent, SVGRenderer]);

export {init};
