module imds-probe/e2e

go 1.26.0

replace imds-probe => ../

require github.com/google/go-cmp v0.7.0

require golang.org/x/crypto v0.57.0
