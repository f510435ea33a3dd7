#!/bin/sh
# In each zip, beside install.sh. The configuration stays: Distributor uninstalls
# before it updates.
set -e
if command -v dpkg >/dev/null && dpkg --status imds-probe >/dev/null 2>&1; then
	DEBIAN_FRONTEND=noninteractive apt-get remove --yes imds-probe
else
	rpm --erase imds-probe
fi
