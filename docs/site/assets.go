package main

import (
	"errors"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"

	"prefork/internal/uplot"
)

// addAssets makes one script and one style sheet of those of the lab's page: a browser
// reads modules from a server alone, and not from a file.
func (s *site) addAssets() error {
	script, err := s.bundle("recorded.js")
	if err != nil {
		return err
	}
	styles := []byte(uplot.CSS)
	for _, name := range []string{"lab.css", "recorded.css"} {
		style, err := s.bundle(name)
		if err != nil {
			return err
		}
		styles = append(styles, style...)
	}
	own, err := files.ReadFile("site.css")
	if err != nil {
		return err
	}
	s.files["uPlot.js"] = []byte("/*\n" + uplot.License + "*/\n" + uplot.JS)
	s.files["scene.js"] = script
	s.files["scene.css"] = styles
	s.files["site.css"] = own
	s.files[".nojekyll"] = nil // or GitHub leaves some files out
	return nil
}

// bundle is an asset of the lab with all that it imports.
func (s *site) bundle(name string) ([]byte, error) {
	root, err := filepath.Abs(s.root)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(root, "internal/demo/lab/assets", name)}, Bundle: true, Write: false,
		Format: api.FormatIIFE, GlobalName: "lab", Target: api.ES2022, Charset: api.CharsetUTF8,
		MinifyWhitespace: true, MinifySyntax: true, MinifyIdentifiers: true,
	})
	for _, e := range result.Errors {
		err = errors.Join(err, errors.New(e.Text))
	}
	if err != nil {
		return nil, err
	}
	return result.OutputFiles[0].Contents, nil
}
