// Command plot draws a table of measurements, CSV with a header line on standard input, as grouped bars: the column of
// each group, of each series, and of the heights are named by flags. It writes SVG or PNG, by the name of the file.
package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

func main() {
	group := flag.String("group", "scenario", "column of the groups")
	series := flag.String("series", "flow", "column of the series")
	height := flag.String("height", "share", "column of the heights")
	title := flag.String("title", "", "title")
	label := flag.String("label", "", "what the heights are")
	out := flag.String("out", "plot.svg", "file to write")
	flag.Parse()
	if err := draw(*group, *series, *height, *title, *label, *out); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func draw(group, series, height, title, label, out string) error {
	rows, err := csv.NewReader(os.Stdin).ReadAll()
	if err != nil {
		return err
	}
	if len(rows) < 2 {
		return fmt.Errorf("nothing to draw")
	}
	g, s, h := slices.Index(rows[0], group), slices.Index(rows[0], series), slices.Index(rows[0], height)
	if g < 0 || s < 0 || h < 0 {
		return fmt.Errorf("no column %q, %q or %q", group, series, height)
	}
	var groups, names []string
	values := map[[2]string]float64{}
	for _, row := range rows[1:] {
		v, err := strconv.ParseFloat(row[h], 64)
		if err != nil {
			continue // a run that failed has no height
		}
		if !slices.Contains(groups, row[g]) {
			groups = append(groups, row[g])
		}
		if !slices.Contains(names, row[s]) {
			names = append(names, row[s])
		}
		values[[2]string{row[g], row[s]}] = v
	}
	p := plot.New()
	p.Title.Text, p.Y.Label.Text = title, label
	p.Y.Min = 0
	p.Legend.Top = true
	width := vg.Points(7)
	colors := slices.Concat(plotutil.SoftColors, plotutil.DarkColors)
	for i, name := range names {
		heights := make(plotter.Values, len(groups))
		for k, group := range groups {
			heights[k] = values[[2]string{group, name}]
		}
		bars, err := plotter.NewBarChart(heights, width)
		if err != nil {
			return err
		}
		bars.LineStyle.Width = 0
		bars.Color = colors[i%len(colors)]
		bars.Offset = vg.Length(float64(i)-float64(len(names)-1)/2) * width
		p.Add(bars)
		p.Legend.Add(name, bars)
	}
	p.Add(plotter.NewGrid())
	p.NominalX(groups...)
	p.X.Min, p.X.Max = -0.6, float64(len(groups))+0.2 // the legend stands at the right
	p.Y.Max *= 1.05
	p.X.Tick.Label.Rotation = 0.5
	p.X.Tick.Label.XAlign = -1
	return p.Save(vg.Length(len(groups))*(vg.Length(len(names))*width+vg.Points(30))+vg.Points(200), vg.Points(420), out)
}
