package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// source is a file of the target.
type source struct {
	path   string // absolute
	name   string // from the root of the repository
	text   string
	syntax *ast.File
	fset   *token.FileSet
	info   *types.Info
}

// load reads the files of a target with their types.
func load(root string, t target) (files []*source, err error) {
	const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo
	loaded, err := packages.Load(&packages.Config{Mode: mode, Dir: root}, t.pkg)
	if err != nil {
		return nil, err
	}
	for _, p := range loaded {
		for _, e := range p.Errors {
			err = errors.Join(err, e)
		}
		for i, path := range p.CompiledGoFiles {
			if len(t.files) > 0 && !slices.Contains(t.files, filepath.Base(path)) {
				continue
			}
			text, readErr := os.ReadFile(path) //nolint:gosec // of the repository
			err = errors.Join(err, readErr)
			files = append(files, &source{path, strings.TrimPrefix(path, root+"/"), string(text), p.Syntax[i], p.Fset, p.TypesInfo})
		}
	}
	if err == nil && (len(files) == 0 || len(t.files) > 0 && len(files) != len(t.files)) {
		err = fmt.Errorf("%d files, want %v", len(files), t.files)
	}
	return files, err
}

func (f *source) offset(p token.Pos) int { return f.fset.Position(p).Offset }

// of is the text of a node.
func (f *source) of(n ast.Node) string { return f.text[f.offset(n.Pos()):f.offset(n.End())] }

// open and shut put a text before and behind a node.
func (f *source) open(n ast.Node, text string) edit {
	return edit{opens, f.offset(n.Pos()), f.offset(n.Pos()), text}
}

func (f *source) shut(n ast.Node, text string) edit {
	return edit{closes, f.offset(n.End()), f.offset(n.End()), text}
}
