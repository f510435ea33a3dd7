package web

import "net/http"

// LimitRequests is what each request goes through before passwords are checked.
func LimitRequests(next http.Handler) http.Handler { return newRequestLimit().limit(next) }
