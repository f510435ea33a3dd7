module imds-probe/e2e

go 1.26.0

replace imds-probe => ../
