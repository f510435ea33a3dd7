module imds-probe

go 1.26.0
