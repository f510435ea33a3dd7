module imds-probe/tools/sbom

go 1.26.0
