module github.com/imds-probe/imds-probe/tools/sbom

go 1.26.0
