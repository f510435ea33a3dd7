package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// find lists the mutants of a file, the outer ones first.
func (f *source) find() []*mutant {
	v := finder{source: f, decided: map[ast.Expr]bool{}, seen: map[string]int{}, out: &[]*mutant{}}
	for _, d := range f.syntax.Decls {
		v.function, v.results = "var", nil
		if fn, ok := d.(*ast.FuncDecl); ok {
			v.function, v.results = name(fn), fn.Type.Results
		}
		ast.Walk(v, d)
	}
	return *v.out
}

// finder visits a file.
type finder struct {
	*source
	function string
	results  *ast.FieldList    // of the function around
	decided  map[ast.Expr]bool // conditions that are mutated as such
	seen     map[string]int
	out      *[]*mutant
}

// name is a function's with its receiver's type.
func name(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	return fmt.Sprintf("%v.%s", t, fn.Name.Name)
}

func (v finder) add(n ast.Node, becomes string, edits ...edit) {
	text := strings.Join(strings.Fields(v.of(n)), " ")
	if len(text) > 100 {
		text = text[:97] + "..."
	}
	key := fmt.Sprintf("%s %s: %s → %s", v.name, v.function, text, strings.Join(strings.Fields(becomes), " "))
	v.seen[key]++
	if again := v.seen[key]; again > 1 {
		key += fmt.Sprintf(" (%d)", again)
	}
	*v.out = append(*v.out, &mutant{key: key, file: v.source, line: v.fset.Position(n.Pos()).Line, edits: edits})
}

// Visit implements [ast.Visitor].
func (v finder) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.GenDecl:
		if n.Tok != token.VAR {
			return nil
		}
	case *ast.FuncLit:
		v.results = n.Type.Results
	case *ast.BlockStmt:
		v.statements(n.List)
	case *ast.CommClause:
		v.statements(n.Body)
	case *ast.CaseClause:
		v.statements(n.Body)
	case *ast.SwitchStmt:
		v.cases(n)
	case *ast.IfStmt:
		v.condition(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			v.constant(n.Cond, false)
		}
	case *ast.BinaryExpr:
		v.binary(n)
	case *ast.ReturnStmt:
		v.returns(n)
	}
	return v
}

// statements removes each statement that the rest can do without.
func (v finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if call, ok := s.X.(*ast.CallExpr); ok && v.of(call.Fun) == "panic" {
				continue // without it the function may lack a return
			}
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE || blank(s.Lhs) {
				continue
			}
		case *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
		default:
			continue
		}
		v.add(s, "nothing", v.open(s, "if !mutateOn(#) { "), v.shut(s, " }"))
	}
}

func blank(exprs []ast.Expr) bool {
	for _, e := range exprs {
		if id, ok := e.(*ast.Ident); !ok || id.Name != "_" {
			return false
		}
	}
	return true
}

// cases are the conditions of a switch without a tag.
func (v finder) cases(s *ast.SwitchStmt) {
	if s.Tag != nil {
		return
	}
	for _, clause := range s.Body.List {
		for _, e := range clause.(*ast.CaseClause).List {
			v.condition(e)
		}
	}
}

// condition makes a condition always true and always false, but for what follows
// if one of its operands is made so.
func (v finder) condition(e ast.Expr) {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	if !ok || b.Op != token.LAND {
		v.constant(e, true)
	}
	if !ok || b.Op != token.LOR {
		v.constant(e, false)
	}
}

// constant makes a condition always the same.
func (v finder) constant(e ast.Expr, to bool) {
	v.decided[ast.Unparen(e)] = true
	switch {
	case !v.isBool(e):
	case to:
		v.add(e, "true", v.open(e, "(mutateOn(#) || ("), v.shut(e, "))"))
	default:
		v.add(e, "false", v.open(e, "(!mutateOn(#) && ("), v.shut(e, "))"))
	}
}

func (v finder) isBool(e ast.Expr) bool {
	tv := v.info.Types[e]
	basic, ok := tv.Type.(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0 && tv.Value == nil
}

var comparisons = map[token.Token]bool{
	token.EQL: true, token.NEQ: true, token.LSS: true, token.LEQ: true, token.GTR: true, token.GEQ: true,
}

// boundaries are the comparisons that differ where both sides are the same.
var boundaries = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
}

// arithmetic has for each operator the function that swaps it.
var arithmetic = map[token.Token]struct{ swap, becomes string }{
	token.ADD: {"mutateAdd", "-"}, token.SUB: {"mutateSub", "+"}, token.MUL: {"mutateMul", "/"}, token.QUO: {"mutateQuo", "*"},
	token.REM: {"mutateRem", "*"}, token.AND: {"mutateAnd", "|"}, token.OR: {"mutateOr", "&"},
}

func (v finder) binary(n *ast.BinaryExpr) {
	if v.info.Types[n].Value != nil {
		return
	}
	with := func(op string) string { return v.of(n.X) + " " + op + " " + v.of(n.Y) }
	if n.Op == token.LAND || n.Op == token.LOR {
		v.constant(n.X, n.Op == token.LAND)
		v.constant(n.Y, n.Op == token.LAND)
	}
	if op, ok := boundaries[n.Op]; ok && v.isBool(n) {
		v.add(n, with(op.String()), v.open(n, "func() bool { if mutateOn(#) { return "+with(op.String())+" }; return "), v.shut(n, " }()"))
	}
	if comparisons[n.Op] && v.isBool(n) && !v.decided[n] {
		v.add(n, "the contrary", v.open(n, "(mutateOn(#) != ("), v.shut(n, "))"))
	}
	if a, ok := arithmetic[n.Op]; ok && v.isNumber(n) {
		v.add(n, with(a.becomes), v.open(n, a.swap+"(#, "), edit{replaces, v.offset(n.OpPos), v.offset(n.OpPos) + len(n.Op.String()), ","}, v.shut(n, ")"))
	}
}

// isNumber tells whether both sides are numbers of one type.
func (v finder) isNumber(n *ast.BinaryExpr) bool {
	x, y := v.info.TypeOf(n.X), v.info.TypeOf(n.Y)
	basic, ok := x.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsNumeric != 0 && types.Identical(x, y)
}

// returns makes each result of a function its type's zero value, or, of a bool,
// both values.
func (v finder) returns(n *ast.ReturnStmt) {
	kinds := v.resultTypes()
	if len(n.Results) == 1 && len(kinds) > 1 { // a call that has them all
		zeros := make([]string, len(kinds))
		for i, kind := range kinds {
			zeros[i] = zero(kind)
		}
		v.instead(n, zeros)
		return
	}
	for i, e := range n.Results {
		for _, value := range v.others(e, kinds[i]) {
			values := make([]string, len(n.Results))
			for j, other := range n.Results {
				values[j] = v.of(other)
			}
			values[i] = value
			v.instead(n, values)
		}
	}
}

func (v finder) instead(n *ast.ReturnStmt, values []string) {
	text := "return " + strings.Join(values, ", ")
	v.add(n, text, v.open(n, "if mutateOn(#) { "+text+" }; "))
}

// others are the values to return in the place of an expression.
func (v finder) others(e ast.Expr, kind string) []string {
	tv := v.info.Types[e]
	if tv.Value != nil && tv.Value.Kind() == constant.Bool {
		return []string{fmt.Sprint(!constant.BoolVal(tv.Value))}
	}
	if kind == "bool" {
		v.decided[ast.Unparen(e)] = true
		return []string{"true", "false"}
	}
	if isZero(e, tv) {
		return nil
	}
	return []string{zero(kind)}
}

func isZero(e ast.Expr, tv types.TypeAndValue) bool {
	if c, ok := e.(*ast.CompositeLit); ok && len(c.Elts) == 0 {
		return true
	}
	switch {
	case tv.IsNil():
		return true
	case tv.Value == nil:
		return false
	case tv.Value.Kind() == constant.String:
		return constant.StringVal(tv.Value) == ""
	}
	return constant.Sign(tv.Value) == 0
}

func zero(kind string) string {
	switch kind {
	case "bool":
		return "false"
	case "error":
		return "nil"
	case "string":
		return `""`
	}
	return "*new(" + kind + ")"
}

// resultTypes are the texts of the types of the results around.
func (v finder) resultTypes() (kinds []string) {
	if v.results == nil {
		return nil
	}
	for _, field := range v.results.List {
		for range max(1, len(field.Names)) {
			kinds = append(kinds, v.of(field.Type))
		}
	}
	return kinds
}
