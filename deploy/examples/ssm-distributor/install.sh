#!/bin/sh
# In each zip, beside one package: what AWS Systems Manager Distributor runs.
set -e
cd "$(dirname "$0")"
if ls ./*.deb >/dev/null 2>&1; then
	DEBIAN_FRONTEND=noninteractive apt-get install --yes -o Dpkg::Options::=--force-confold ./*.deb
else
	rpm --upgrade --oldpackage --replacepkgs ./*.rpm
fi
