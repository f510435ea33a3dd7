"""What cloud-init's EC2 datasource finds out about an instance of EC2.

The host is none, so what the datasource asks of the system (the firmware's tables,
the network devices) is answered here; the datasource is the package's own, in its
default configuration.
"""
import json
import sys
import tempfile

from cloudinit import dmi, helpers, net
from cloudinit.distros import debian
from cloudinit.sources.DataSourceEc2 import DataSourceEc2

system = {"system-uuid": "ec2b1c2d-0000-0000-0000-000000000000", "system-serial-number": "ec2b1c2d-0000-0000-0000-000000000000"}
dmi.read_dmi_data = system.get

mac = sys.argv[1]
net.get_interfaces_by_mac = lambda *_: {mac: "eth0"}

root = tempfile.mkdtemp()
paths = helpers.Paths({"cloud_dir": root, "run_dir": root, "templates_dir": root})
source = DataSourceEc2({}, debian.Distro("debian", {}, paths), paths)
if not source.get_data():
    sys.exit("no data")
print(json.dumps({
    "cloud": source.cloud_name,
    "region": source.region,
    "instanceId": source.get_instance_id(),
    "accountId": source.identity["accountId"],
    "hostname": source.metadata["local-hostname"],
    "interfaces": sorted(source.network_config["ethernets"]),
    "classic": source.is_classic_instance(),
}))
